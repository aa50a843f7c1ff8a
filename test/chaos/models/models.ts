import { appendFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { TransientError } from '../../../shared/errors/errors.ts';
import { defineModel, type Model } from '../../../shared/worker/model.ts';
import type { CallLine } from '../records/lines.ts';
import {
  answersWrongly,
  durationMs,
  failsOnPurpose,
  functions,
  type ModelName,
} from './arithmetic.ts';

const number = z.number().int();

/** A model that appends each call to a file before it does anything: what a kill -9 cuts short is counted too. */
export function chaosModel(name: ModelName, callsFile: string): Model {
  return defineModel({
    name,
    version: 1,
    description: 'Computes a number; one attempt in ten fails.',
    // `tag`: the context key under which later steps find the answer.
    input: z.object({ x: number, y: number, tag: z.string().optional() }),
    output: z.object({ x: number }),
    concurrency: 20,
    async run({ x, y, tag }, call) {
      const { run, path, attempt } = call;
      const line: CallLine = { run, path, attempt, model: name, at: Date.now() };
      appendFileSync(callsFile, `${JSON.stringify(line)}\n`);
      const key = `${run} ${path} ${attempt}`;
      await pause(durationMs(key));
      if (failsOnPurpose(key)) throw new TransientError('made_to_fail', 'This attempt fails.');
      if (answersWrongly(key)) return { x: 'wrong' } as never;
      const answer = functions[name](x, y);
      if (tag !== undefined) call.patch(tag, answer);
      return { x: answer };
    },
  }) as Model;
}
