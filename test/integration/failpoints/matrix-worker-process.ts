/**
 * The worker of the kill matrix. It serves one model that adds numbers, fails its first attempt (`shaky`) or judges a number
 * (`judge`), and says on standard output which attempt it is called for.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { z } from 'zod';
import { TransientError } from '../../../shared/errors/errors.ts';
import { defineModel } from '../../../shared/worker/model.ts';
import { serve } from '../../../shared/worker/serve.ts';

await serve(
  defineModel({
    name: 'matrix-model',
    version: 1,
    description: 'Adds numbers.',
    input: z.object({
      act: z.enum(['add', 'shaky', 'judge']),
      numbers: z.array(z.number()).min(1),
    }),
    output: z.object({ n: z.number() }),
    concurrency: 4,
    async run({ act, numbers }, { run, path, attempt }) {
      console.log(`called ${run} ${path}#${attempt}`);
      await turn();
      const [first = 0, target = 0] = numbers;
      if (act === 'judge') return { n: first >= target ? 1 : 0.5 };
      if (act === 'shaky' && attempt === 1) {
        throw new TransientError('not_yet', 'The first attempt fails.');
      }
      return { n: numbers.reduce((sum, number) => sum + number, 0) };
    },
  }),
);
