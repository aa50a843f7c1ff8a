import { z } from 'zod';
import { defineModel, type Model } from '../../../shared/worker/model.ts';
import type { SimulatedProcess } from '../virtual/process.ts';
import type { World } from '../world/world.ts';

/** A call of a model that was begun. */
export interface BegunCall {
  /** `run path#attempt`. */
  readonly key: string;
  readonly run: string;
  /** Process that made it. */
  readonly worker: string;
  readonly beganAtMs: number;
  readonly endsAtMs: number;
}

/** Every call that the models of a scenario were asked for. */
export class Calls {
  readonly begun: BegunCall[] = [];

  /** Each call of an attempt that had been called before, beside the first one. */
  get repeated(): readonly { readonly first: BegunCall; readonly again: BegunCall }[] {
    const firsts = new Map<string, BegunCall>();
    return this.begun.flatMap((again) => {
      const first = firsts.get(again.key);
      if (first) return [{ first, again }];
      firsts.set(again.key, again);
      return [];
    });
  }
}

export interface TimedModel {
  readonly name: string;
  readonly concurrency: number;
  readonly calls: Calls;
}

const input = z.object({ ms: z.number(), n: z.number() });
const output = z.object({ n: z.number() });

/** A model that takes as long as it is told: { ms, n } → { n: n + 1 }. */
export function timedModel(
  { clock, trace }: World,
  process: SimulatedProcess,
  { name, concurrency, calls }: TimedModel,
): Model {
  return defineModel({
    name,
    version: 1,
    description: 'Takes its time.',
    input,
    output,
    concurrency,
    async run({ ms, n }, { run, path, attempt }) {
      const key = `${run} ${path}#${attempt}`;
      trace.write(process.name, `calls ${name} for ${key}`);
      const beganAtMs = clock.elapsedMs;
      calls.begun.push({ key, run, worker: process.name, beganAtMs, endsAtMs: beganAtMs + ms });
      await clock.wait(ms, process);
      return { n: n + 1 };
    },
  }) as unknown as Model;
}
