import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { keysInFolder } from '../../../shared/security/key-store.ts';
import { addKeys, retireKeys, rotateKey } from '../../../shared/security/new-keys.ts';
import { clientSecuringOf, securingOf } from '../../../shared/security/settings.ts';
import { coordinatorSpoke, type Spoke } from '../../../shared/security/spoke.ts';
import { silentLogger as logger } from '../../../shared/telemetry/logger.ts';
import { MemoryBroker } from '../../../shared/transport/memory/broker.ts';
import { connectMemory } from '../../../shared/transport/memory/transport.ts';
import { coordinator, sentiment } from '../../support/signing.ts';

const spokes: readonly Spoke[] = [coordinatorSpoke, 'worker.sentiment', 'client.shop'];
const hs256 = { alg: 'HS256', sealsFromMs: 0 } as const;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keys-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const kidOf = (identity: typeof coordinator, spoke: Spoke) => {
  const store = keysInFolder(folder, identity, logger);
  store.close();
  return store.ring.sealing(spoke, Date.now())?.kid;
};

describe('key files', () => {
  it('are made once for each spoke, readable by nobody else', () => {
    expect(addKeys(folder, spokes, hs256)).toEqual(spokes);
    expect(addKeys(folder, spokes, hs256)).toEqual([]);
    const modes = readdirSync(folder).map((name) => statSync(join(folder, name)).mode & 0o777);
    expect(modes).toEqual([0o600, 0o600, 0o600]);
  });

  it('give the coordinators every key, and a worker its own', () => {
    addKeys(folder, spokes, hs256);
    for (const spoke of spokes) expect(kidOf(coordinator, spoke)).toMatch(`${spoke}.`);
    expect(kidOf(sentiment, 'worker.sentiment')).toBe(kidOf(coordinator, 'worker.sentiment'));
    expect(kidOf(sentiment, 'client.shop')).toBeUndefined();
    expect(kidOf(sentiment, coordinatorSpoke)).toBeUndefined();
  });

  it('are two for a key pair, and the coordinators never read what is the spoke’s own', () => {
    addKeys(folder, spokes, { alg: 'EdDSA', sealsFromMs: 0 });
    expect(readdirSync(folder).toSorted()).toEqual([
      'client.shop.json',
      'client.shop.own.json',
      'coordinator.coordinator.json',
      'worker.sentiment.json',
      'worker.sentiment.own.json',
    ]);
    expect(kidOf(sentiment, 'worker.sentiment')).toBe(kidOf(coordinator, 'worker.sentiment'));
  });

  it.each(['HS256', 'EdDSA'] as const)(
    'hold old and new keys of %s until the old are retired',
    (alg) => {
      addKeys(folder, spokes, { alg, sealsFromMs: 0 });
      const old = kidOf(sentiment, 'worker.sentiment');
      const fresh = rotateKey(folder, 'worker.sentiment', { alg, sealsFromMs: Date.now() - 1 });
      expect(kidOf(sentiment, 'worker.sentiment')).toBe(fresh);
      const both = keysInFolder(folder, coordinator, logger);
      both.close();
      expect(both.ring.algOf(String(old))).toBe(alg);
      expect(retireKeys(folder, 'worker.sentiment', Date.now())).toBe(1);
      const one = keysInFolder(folder, coordinator, logger);
      one.close();
      expect([one.ring.algOf(String(old)), one.ring.algOf(fresh)]).toEqual([undefined, alg]);
    },
  );

  it('do not sign with a key whose time has not come, nor retire the one that does', () => {
    addKeys(folder, spokes, hs256);
    const old = kidOf(sentiment, 'worker.sentiment');
    rotateKey(folder, 'worker.sentiment', { alg: 'HS256', sealsFromMs: Date.now() + 3_600_000 });
    expect(kidOf(sentiment, 'worker.sentiment')).toBe(old);
    expect(retireKeys(folder, 'worker.sentiment', Date.now())).toBe(0);
  });
});

describe('an environment', () => {
  const problem = (env: Record<string, string>) => () => securingOf(env, sentiment, logger);
  const refusedAs = (code: string, message: RegExp) =>
    expect.objectContaining({ code, message: expect.stringMatching(message) });

  it('without keys is refused with the command that makes them', () => {
    const nowhere = join(folder, 'nowhere');
    expect(problem({ KEYS_DIR: nowhere })).toThrow(refusedAs('keys_not_found', /flotilla keys/));
    expect(problem({ KEYS_DIR: folder })).toThrow(
      refusedAs('keys_missing', /flotilla keys add worker\.sentiment.*SECURITY=off/),
    );
  });

  it('with keys that others may read, or that are none, is refused without quoting them', () => {
    addKeys(folder, spokes, hs256);
    const path = join(folder, 'worker.sentiment.json');
    chmodSync(path, 0o644);
    expect(problem({ KEYS_DIR: folder })).toThrow(refusedAs('keys_invalid', /chmod 600/));
    chmodSync(path, 0o600);
    for (const text of ['secret-no-json', '{"spoke":"worker.sentiment","keys":[]}', '[]']) {
      writeFileSync(path, text);
      expect(problem({ KEYS_DIR: folder })).toThrow(refusedAs('keys_invalid', /worker\.sentiment/));
      expect(problem({ KEYS_DIR: folder })).not.toThrow(/secret-no-json/);
    }
    expect(problem({ FLOTILLA_KEYS: 'secret-no-json' })).toThrow(
      refusedAs('keys_invalid', /^(?!.*secret-no-json)/s),
    );
  });

  it('that says SECURITY=off signs nothing, and says so loudly', () => {
    const told: unknown[] = [];
    const loud = { ...logger, warn: (fields: object) => void told.push(fields) };
    const transport = connectMemory(new MemoryBroker());
    expect(securingOf({ SECURITY: 'off' }, sentiment, loud)(transport)).toBe(transport);
    expect(told).toEqual([{ code: 'security_off' }]);
  });

  it('of a client without keys leaves its messages unsigned', () => {
    const transport = connectMemory(new MemoryBroker());
    const shop = { party: 'client', name: 'shop' } as const;
    expect(clientSecuringOf({ KEYS_DIR: folder }, shop, logger)(transport)).toBe(transport);
    expect(() => clientSecuringOf({ SECURITY: 'maybe' }, shop, logger)).toThrow(/SECURITY/);
  });
});
