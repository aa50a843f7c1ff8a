/**
 * A worker process whose calls take as long as they are told: `node timed-worker-process.ts <model>` serves { ms, n } → { n + 1 }.
 * It says on standard output when a call begins and when it ends, with the time in milliseconds since 1970.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { defineModel } from '../../shared/worker/model.ts';
import { serve } from '../../shared/worker/serve.ts';

const [, , name = ''] = process.argv;

await serve(
  defineModel({
    name,
    version: 1,
    description: 'Takes its time.',
    input: z.object({ ms: z.number(), n: z.number() }),
    output: z.object({ n: z.number() }),
    concurrency: 100,
    async run({ ms, n }, { run, path, attempt }) {
      console.log(`called ${run} ${path}#${attempt} ${Date.now()}`);
      await pause(ms);
      console.log(`ended ${run} ${path}#${attempt} ${Date.now()}`);
      return { n: n + 1 };
    },
  }),
);
