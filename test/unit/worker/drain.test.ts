import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { echo, MemoryBench, request } from './harness.ts';

let bench: MemoryBench;
beforeEach(async () => {
  bench = await MemoryBench.start();
});
afterEach(() => bench.tearDown());

describe('a worker that stops', () => {
  it('takes no more, finishes what has begun, and lets go of the model last', async () => {
    const events: string[] = [];
    const finish = Promise.withResolvers<void>();
    const model = echo({
      load: () => events.push('loaded'),
      async run(input) {
        events.push('begun');
        await finish.promise;
        events.push('finished');
        return input;
      },
      unload: () => void events.push('unloaded'),
    });
    const worker = await bench.worker(model);
    const begun = request({ text: 'begun' });
    await bench.send(begun);
    await eventually(() => events.includes('begun'));
    const stopped = worker.stop();
    const later = request({ text: 'later' });
    await bench.send(later);
    finish.resolve();
    await stopped;
    await eventually(() => bench.repliesTo(begun).length === 1);
    expect(events).toEqual(['loaded', 'begun', 'finished', 'unloaded']);
    expect(bench.repliesTo(later)).toEqual([]);
    expect(bench.broker.readyCount('work.echo.v1')).toBe(1);
  });

  it('gives back what does not finish in the grace period, without a reply', async () => {
    const reasons: unknown[] = [];
    const stuck = echo({
      run: (_input, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            reasons.push((signal.reason as Error).name);
            reject(new Error('whatever'));
          });
        }),
    });
    const worker = await bench.worker(stuck, { drainMs: 20 });
    const asked = request({ text: 'x' });
    await bench.send(asked);
    await eventually(() => worker.openCalls === 1);
    await worker.stop();
    expect(reasons).toEqual(['ShutdownError']);
    expect(bench.replies).toEqual([]);
    expect(bench.broker.readyCount('work.echo.v1')).toBe(1);
    await bench.worker(echo());
    await eventually(() => bench.repliesTo(asked).length === 1);
  });

  it('gives back at once what has not begun', async () => {
    let begun = 0;
    const finish = Promise.withResolvers<void>();
    const model = echo({
      batch: { size: 1, withinMs: 0 },
      async runBatch(inputs) {
        begun += inputs.length;
        await finish.promise;
        return [...inputs];
      },
    });
    const worker = await bench.worker({ ...model, batch: { size: 2, withinMs: 60_000 } });
    await bench.send(request({ text: 'waits for its batch to fill' }));
    await eventually(() => worker.openCalls === 1);
    await worker.stop();
    expect(begun).toBe(0);
    expect(bench.broker.readyCount('work.echo.v1')).toBe(1);
  });

  it('stops once, however often it is told to', async () => {
    let unloads = 0;
    const worker = await bench.worker(
      echo({
        unload: () => {
          unloads += 1;
        },
      }),
    );
    await Promise.all([worker.stop(), worker.stop()]);
    await worker.stop();
    expect(unloads).toBe(1);
    expect(worker.listening).toBe(false);
  });
});

describe('a worker that cannot start', () => {
  it('says why the model does not load and consumes nothing', async () => {
    const model = echo({ load: () => Promise.reject(new Error('no weights')) });
    await expect(bench.worker(model)).rejects.toThrow('no weights');
    expect(bench.broker.has('work.echo.v1')).toBe(false);
  });

  it.each([
    [{ concurrency: 0 }, 'concurrency'],
    [{ batch: { size: 2, withinMs: 1 } }, 'runBatch'],
    [{ batch: { size: 2, withinMs: 1 }, threads: import.meta.url }, 'exclude'],
  ])('refuses a model that cannot be run (%o)', async (parts, word) => {
    await expect(bench.worker(echo(parts))).rejects.toThrow(word);
  });
});
