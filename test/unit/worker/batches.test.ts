import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../shared/envelope/json.ts';
import { PermanentError } from '../../../shared/errors/errors.ts';
import type { Call, Model } from '../../../shared/worker/model.ts';
import { eventually } from '../../support/eventually.ts';
import { echo, MemoryBench, request } from './harness.ts';

let bench: MemoryBench;
beforeEach(async () => {
  bench = await MemoryBench.start();
});
afterEach(() => bench.tearDown());

type RunBatch = NonNullable<Model['runBatch']>;

function batching(runBatch: RunBatch, batch = { size: 4, withinMs: 30 }): Model {
  return { ...echo({ batch, runBatch, concurrency: 1 }), run: undefined } as unknown as Model;
}

const requests = (count: number) =>
  Array.from({ length: count }, (_value, index) => request({ text: `${index}` }));

describe('a model that answers batches', () => {
  it('gets full batches, and each call its own answer', async () => {
    const sizes: number[] = [];
    const model = batching(async (inputs) => {
      sizes.push(inputs.length);
      return inputs.map(({ text }) => ({ text: `re: ${text}` }));
    });
    await bench.worker(model);
    const asked = requests(8);
    await bench.sendAll(asked);
    await eventually(() => bench.replies.length === 8);
    expect(sizes).toEqual([4, 4]);
    for (const each of asked) {
      expect(bench.repliesTo(each)[0]?.payload).toEqual({ text: `re: ${each.payload['text']}` });
    }
  });

  it('gets what there is when the batch does not fill in time', async () => {
    const sizes: number[] = [];
    const model = batching(async (inputs) => {
      sizes.push(inputs.length);
      return [...inputs];
    });
    await bench.worker(model);
    await bench.sendAll(requests(3));
    await eventually(() => bench.replies.length === 3);
    expect(sizes).toEqual([3]);
  });

  it('fails one call alone with an Error in the list', async () => {
    const model = batching(async (inputs) =>
      inputs.map((input) =>
        input['text'] === '1' ? new PermanentError('too_odd', 'No odd numbers.') : input,
      ),
    );
    await bench.worker(model);
    await bench.sendAll(requests(4));
    await eventually(() => bench.replies.length === 4);
    const codes = bench.replies.map(({ outcome }) => outcome.code ?? outcome.status);
    expect(codes.sort()).toEqual(['succeeded', 'succeeded', 'succeeded', 'too_odd']);
  });

  it.each<[string, RunBatch, string]>([
    ['throws', () => Promise.reject(new Error('boom')), 'unexpected_error'],
    ['gives fewer outputs than inputs', async (inputs) => inputs.slice(1), 'output_invalid'],
  ])('fails all calls of a batch when it %s', async (_what, runBatch, code) => {
    await bench.worker(batching(runBatch));
    await bench.sendAll(requests(4));
    await eventually(() => bench.replies.length === 4);
    expect(new Set(bench.replies.map(({ outcome }) => outcome.code))).toEqual(new Set([code]));
  });

  it('answers a call that is too slow alone, and takes the next batch when all are over', async () => {
    let batches = 0;
    const model = batching(
      (inputs) => {
        batches += 1;
        return batches === 1 ? new Promise<JsonObject[]>(() => {}) : Promise.resolve([...inputs]);
      },
      { size: 2, withinMs: 5 },
    );
    await bench.worker(model);
    const stuck = [
      request({ text: 'a' }, { timeoutMs: 20 }),
      request({ text: 'b' }, { timeoutMs: 60 }),
    ];
    await bench.sendAll(stuck);
    await eventually(() => bench.replies.length === 2);
    expect(bench.replies.map(({ outcome }) => outcome.code)).toEqual(['timeout', 'timeout']);
    const { outcome } = await bench.ask(request({ text: 'c' }));
    expect(outcome.status).toBe('succeeded');
  });

  it('never sees a call whose deadline passed while the batch filled', async () => {
    const seen: unknown[] = [];
    const model = batching(async (inputs, calls: readonly Call[]) => {
      seen.push(...inputs.map(({ text }) => text));
      expect(calls).toHaveLength(inputs.length);
      return [...inputs];
    });
    await bench.worker(model);
    const deadline = new Date(Date.now() + 5).toISOString();
    await bench.sendAll([request({ text: 'late' }, { deadline }), request({ text: 'fine' })]);
    await eventually(() => bench.replies.length === 2);
    expect(seen).toEqual(['fine']);
  });
});
