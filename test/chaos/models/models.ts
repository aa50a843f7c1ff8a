import { randomUUID } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { TransientError } from '../../../shared/errors/errors.ts';
import { type AnyModel, type Call, defineModel } from '../../../shared/worker/model.ts';
import type { CallLine } from '../records/lines.ts';
import {
  answersWrongly,
  BROKEN,
  DEAR,
  DEAR_MICRO_USD,
  durationMs,
  failsOnPurpose,
  functions,
  inFlightLimits,
  type ModelName,
  modelNames,
} from './arithmetic.ts';

const number = z.number().int();
// `tag`: the context key under which later steps find the answer.
const input = z.object({ x: number, y: number, tag: z.string().optional() });
const output = z.object({ x: number });

/** A model that appends each call to a file before it does anything: what a kill -9 cuts short is counted too. */
export function chaosModel(name: ModelName, callsFile: string): AnyModel {
  const inFlight = inFlightLimits[name];
  return defineModel({
    name,
    version: 1,
    description: 'Computes a number; one attempt in ten fails.',
    input,
    output,
    concurrency: 20,
    ...(inFlight === undefined ? {} : { limits: { inFlight } }),
    run: (given, call) => noted(name, call, callsFile, () => compute(functions[name], given, call)),
  }) as unknown as AnyModel;
}

/** What stands in for the others, and computes the same or nothing. */
export function standIns(callsFile: string): readonly AnyModel[] {
  const broken = defineModel({
    name: BROKEN,
    version: 1,
    description: 'Fails.',
    input,
    output,
    concurrency: 20,
    run: (_given, call) =>
      noted(BROKEN, call, callsFile, () => {
        throw new TransientError('always_broken', 'Every attempt fails.');
      }),
  });
  const dear = defineModel({
    name: DEAR,
    version: 1,
    description: 'Computes what another model would, for money.',
    input: input.extend({ of: z.enum(modelNames) }),
    output,
    concurrency: 20,
    estimate: { microUsd: DEAR_MICRO_USD },
    run: (given, call) => {
      call.usage({ microUsd: DEAR_MICRO_USD });
      return noted(DEAR, call, callsFile, () => compute(functions[given.of], given, call));
    },
  });
  return [broken, dear] as unknown as readonly AnyModel[];
}

async function compute(
  answerOf: (x: number, y: number) => number,
  { x, y, tag }: z.infer<typeof input>,
  call: Call,
): Promise<{ x: number }> {
  const key = `${call.run} ${call.path} ${call.attempt}`;
  await pause(durationMs(key));
  if (failsOnPurpose(key)) throw new TransientError('made_to_fail', 'This attempt fails.');
  if (answersWrongly(key)) return { x: 'wrong' } as never;
  const answer = answerOf(x, y);
  if (tag !== undefined) call.patch(tag, answer);
  return { x: answer };
}

async function noted<T>(
  model: string,
  { run, path, attempt }: Call,
  callsFile: string,
  work: () => Promise<T>,
): Promise<T> {
  const call = randomUUID();
  const note = (what: CallLine['what']) => {
    const line: CallLine = { what, call, run, path, attempt, model, at: Date.now() };
    appendFileSync(callsFile, `${JSON.stringify(line)}\n`);
  };
  note('began');
  try {
    return await work();
  } finally {
    note('ended');
  }
}
