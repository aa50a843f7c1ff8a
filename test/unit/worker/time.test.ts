import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { echo, MemoryBench, request } from './harness.ts';

let bench: MemoryBench;
beforeEach(async () => {
  bench = await MemoryBench.start();
});
afterEach(() => bench.tearDown());

describe('a call’s time', () => {
  it('fires the signal when the step’s time-out is over, and the reply may be retried', async () => {
    const reasons: unknown[] = [];
    const model = echo({
      async run(input, { signal }) {
        await once(signal, 'abort');
        reasons.push((signal.reason as Error).name);
        return input;
      },
    });
    await bench.worker(model);
    const { outcome } = await bench.ask(request({ text: 'x' }, { timeoutMs: 20 }));
    expect(outcome).toMatchObject({ status: 'failed', code: 'timeout', retryable: true });
    expect(outcome.usage?.calls).toBe(1);
    expect(reasons).toEqual(['DeadlineError']);
  });

  it('abandons a model that ignores its signal: the late result is dropped, the usage before it counted', async () => {
    const finish = Promise.withResolvers<void>();
    const late = Promise.withResolvers<void>();
    const model = echo({
      async run(input, call) {
        call.usage({ outputTokens: 3 });
        await finish.promise;
        call.usage({ outputTokens: 100 });
        call.patch('late', true);
        late.resolve();
        return input;
      },
    });
    await bench.worker(model, { concurrency: 1 });
    const asked = request({ text: 'x' }, { timeoutMs: 20 });
    const { outcome } = await bench.ask(asked);
    expect(outcome).toMatchObject({ code: 'timeout', usage: { outputTokens: 3 } });
    finish.resolve();
    await late.promise;
    await bench.ask(request({ text: 'the slot is free again' }, { timeoutMs: 20 }));
    expect(bench.repliesTo(asked)).toHaveLength(1);
  });

  it('counts from the start of the run, not from the arrival of the request', async () => {
    const model = echo({
      batch: { size: 2, withinMs: 150 },
      runBatch: async (inputs) => [...inputs],
    });
    await bench.worker(model);
    // It waits longer for its batch to fill than it may run.
    const { outcome } = await bench.ask(request({ text: 'x' }, { timeoutMs: 75 }));
    expect(outcome.status).toBe('succeeded');
  });

  it('is over before it began when the run’s deadline has passed: nothing is run', async () => {
    let calls = 0;
    const model = echo({
      run(input) {
        calls += 1;
        return input;
      },
    });
    await bench.worker(model);
    const deadline = new Date(Date.now() - 1).toISOString();
    const { outcome } = await bench.ask(request({ text: 'x' }, { deadline }));
    expect(outcome).toMatchObject({ code: 'deadline_exceeded', retryable: false });
    expect(calls).toBe(0);
  });

  it('ends with the run’s deadline when that comes before the time-out', async () => {
    await bench.worker(echo({ run: (_input, { signal }) => aborted(signal) }));
    const deadline = new Date(Date.now() + 50).toISOString();
    const { outcome } = await bench.ask(request({ text: 'x' }, { deadline }));
    expect(outcome).toMatchObject({ code: 'deadline_exceeded', retryable: false });
  });

  it('leaves no timer behind when the model answers in time', async () => {
    await bench.worker(echo());
    await bench.ask(request({ text: 'x' }));
    const before = timers();
    for (let count = 0; count < 20; count += 1) await bench.ask(request({ text: 'y' }));
    expect(timers() - before).toBeLessThan(10);
  });
});

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason));
  });
}

/** Timers that would keep the process. */
function timers(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
}
