import { afterEach, beforeEach, expect, it } from 'vitest';
import { z } from 'zod';
import { defineModel } from '../../../shared/worker/model.ts';
import { MemoryBench, request } from './harness.ts';

let bench: MemoryBench;
beforeEach(async () => {
  bench = await MemoryBench.start();
});
afterEach(() => bench.tearDown());

it('a model may have optional fields, and what it leaves undefined is not in the reply', async () => {
  const model = defineModel({
    name: 'echo',
    version: 1,
    description: 'Says what it was told.',
    input: z.object({ text: z.string(), tone: z.string().optional() }),
    output: z.object({ text: z.string(), tone: z.string().optional() }),
    concurrency: 1,
    run: ({ text, tone }) => ({ text, tone }),
  });
  await bench.worker(model);
  const reply = await bench.ask(request({ text: 'hello' }));
  expect(reply.outcome.status).toBe('succeeded');
  expect(reply.payload).toEqual({ text: 'hello' });
});
