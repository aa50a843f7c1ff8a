import crypto from 'node:crypto';
import { registerHooks, syncBuiltinESMExports } from 'node:module';
import timersModule from 'node:timers';
import timersPromises from 'node:timers/promises';
import type { Random } from '../../chaos/plan/random.ts';
import { promised, timers } from './timers.ts';
import { worldNow } from './world-clock.ts';

/**
 * Replaces time and chance of this process, for good: the clock, timers, random numbers and random bytes. To be called before a
 * module of the product is loaded; the product runs as it is.
 */
export function installVirtualWorld(): void {
  const RealDate = Date;
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, given) =>
      given.length === 0 ? new target(worldNow().clock.wallMs) : Reflect.construct(target, given),
    get: (target, name) =>
      name === 'now' ? () => worldNow().clock.wallMs : Reflect.get(target, name),
  });
  Object.defineProperty(performance, 'now', { value: () => worldNow().clock.elapsedMs });
  Object.assign(globalThis, timers);
  Object.assign(timersModule, timers);
  Object.assign(timersPromises, promised);
  Math.random = () => worldNow().random.below(2 ** 30) / 2 ** 30;
  Object.assign(crypto, {
    randomBytes: (size: number) => filled(Buffer.alloc(size)),
    randomFillSync: filled,
    randomUUID,
  });
  Object.defineProperty(globalThis.crypto, 'getRandomValues', { value: filled });
  Object.defineProperty(globalThis.crypto, 'randomUUID', { value: randomUUID });
  syncBuiltinESMExports();
  Object.assign(globalThis, { [TIME_ORDERED_ID]: randomUUID });
  registerHooks({ resolve: resolveUuid, load: loadUuid });
}

const TIME_ORDERED_ID = 'flotillaSimulationId';
const UUID = 'simulation:uuid';

/** The library remembers its last id across seeds: it must not, or a seed is another one when it is run after others. */
const resolveUuid: Parameters<typeof registerHooks>[0]['resolve'] = (name, context, next) =>
  name === 'uuid'
    ? { url: `${UUID}?${next(name, context).url}`, shortCircuit: true }
    : next(name, context);

const loadUuid: Parameters<typeof registerHooks>[0]['load'] = (url, context, next) => {
  if (!url.startsWith(UUID)) return next(url, context);
  const real = JSON.stringify(url.slice(UUID.length + 1));
  const source = `export { parse } from ${real};\nexport const v7 = () => ${TIME_ORDERED_ID}();`;
  return { format: 'module', source, shortCircuit: true };
};

function filled<T extends ArrayBufferView>(view: T): T {
  return fill(view, worldNow().bytes);
}

function fill<T extends ArrayBufferView>(view: T, random: Random): T {
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  for (let at = 0; at < bytes.length; at += 1) bytes[at] = random.below(256);
  return view;
}

function randomUUID(): string {
  const bytes = fill(Buffer.alloc(16), worldNow().ids);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x40, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
