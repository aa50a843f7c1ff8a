import { z } from 'zod';
import type { Call } from '../../shared/worker/model.ts';
import { type AnyModel, defineModel } from '../../shared/worker/model.ts';

const text = z.object({ text: z.string() });

export interface MisbehavingModel {
  readonly model: AnyModel;
  /** Attempts that were run, as `path#attempt`. */
  readonly calls: string[];
  /** Reasons for which calls were told to stop. */
  readonly stopped: unknown[];
}

/** What a call does; `nth` counts from 1. */
export type Behaviour = (nth: number, call: Call, input: { text: string }) => unknown;

/** A model that does what the test says; its announced output is `{ text }`. */
export function misbehaving(
  name: string,
  behave: Behaviour,
  some: Partial<Pick<AnyModel, 'concurrency' | 'estimate' | 'limits' | 'provenance'>> = {},
): MisbehavingModel {
  const calls: string[] = [];
  const stopped: unknown[] = [];
  const model = defineModel({
    name,
    version: 1,
    description: 'Does what its test says.',
    input: text,
    output: text,
    concurrency: 10,
    ...some,
    run: async (input, call) => {
      calls.push(`${call.path}#${call.attempt}`);
      call.signal.addEventListener('abort', () => stopped.push(call.signal.reason));
      return (await behave(calls.length, call, input)) as { text: string };
    },
  });
  return { model: model as unknown as AnyModel, calls, stopped };
}

/** One that behaves: it answers at once, and says who it is. */
export function good(name = 'good'): MisbehavingModel {
  return misbehaving(name, () => ({ text: `from ${name}` }));
}

/** One that answers when it is let; each call that comes later is answered at once. */
export function gated(name: string): MisbehavingModel & { release(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  const model = misbehaving(name, async () => {
    await promise;
    return { text: `from ${name}` };
  });
  return { ...model, release: () => resolve() };
}

/** Never answers, and does not mind being told to stop. */
export const endless: Behaviour = () => new Promise(() => {});
