import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { type AnyModel, defineModel } from '../../../shared/worker/model.ts';

const number = z.object({ n: z.number() });

/** The three models of the chain: each adds one. */
export const benchModels: readonly AnyModel[] = ['bench-first', 'bench-second', 'bench-third'].map(
  (name) =>
    defineModel({
      name,
      version: 1,
      description: 'Adds one.',
      input: number,
      output: number,
      concurrency: 200,
      run: ({ n }) => ({ n: n + 1 }),
    }),
);

/** Where the flow of the chain lies. */
export const benchFlowFolder = fileURLToPath(new URL('./flows', import.meta.url));
