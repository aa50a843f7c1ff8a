import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { header } from '../../../shared/envelope/headers.ts';
import type { JsonObject } from '../../../shared/envelope/json.ts';
import { fromJob } from '../../../shared/envelope/provenance.ts';
import type { Model } from '../../../shared/worker/model.ts';
import type { WorkerOptions } from '../../../shared/worker/worker.ts';
import { eventually } from '../../support/eventually.ts';
import { echo, MemoryBench, request } from './harness.ts';
import { type Line, recording } from './recording-logger.ts';
import { busy, failing, heeding, reporting, unloadable } from './thread-models.ts';

let bench: MemoryBench;
let lines: Line[];
beforeEach(async () => {
  bench = await MemoryBench.start();
  lines = [];
});
afterEach(() => bench.tearDown());

async function serve(model: Model, options: Partial<WorkerOptions> = {}) {
  bench.version = model.version;
  return bench.worker(model, { logger: recording(lines), ...options });
}

const ask = (payload: JsonObject, timeoutMs = 10_000) =>
  bench.ask(request(payload, { version: bench.version, timeoutMs }), { [header.watch]: 'true' });

describe('a model that runs in threads', () => {
  it('reports usage, patch, progress and log lines across the thread', async () => {
    await serve(reporting);
    const reply = await ask({ text: 'x' });
    expect(reply.payload).toEqual({ text: 'loaded in its thread, a thread' });
    expect(reply.outcome.usage).toMatchObject({ calls: 1, inputTokens: 5, microUsd: 7 });
    expect(reply.context).toEqual({ language: 'en' });
    await eventually(() => bench.progress.length === 1);
    expect(bench.progress[0]?.payload).toEqual({ sequence: 1, page: 1 });
    const line = lines.find(({ message }) => message === 'page read');
    expect(line?.fields).toMatchObject({ run: reply.step.run, step: 'answer', page: 1 });
  });

  it('is told there whose its input is', async () => {
    await serve(reporting);
    const { version } = bench;
    const provenance = { input: fromJob, context: {} };
    await bench.ask(request({ text: 'x' }, { version, provenance }));
    await eventually(() => lines.some(({ message }) => message === 'whose it is'));
    const line = lines.find(({ message }) => message === 'whose it is');
    expect(line?.fields['input']).toEqual(fromJob);
  });

  it('leaves the event loop free, and its thread is replaced when it does not heed the signal', async () => {
    await serve(busy);
    let turns = 0;
    const turning = setInterval(() => {
      turns += 1;
    }, 5);
    const { outcome } = await ask({ text: 'forever' }, 100);
    clearInterval(turning);
    expect(outcome).toMatchObject({ code: 'timeout', usage: { outputTokens: 5 } });
    expect(turns).toBeGreaterThan(5);
    const next = await ask({ text: 'quick' });
    expect(next.outcome.status).toBe('succeeded');
  });

  it('hears the abort in its thread and keeps the thread when it heeds it', async () => {
    await serve(heeding);
    const { outcome } = await ask({ text: 'wait' }, 50);
    expect(outcome.code).toBe('timeout');
    await eventually(() => lines.some(({ message }) => message === 'heeded'));
    expect(lines.find(({ message }) => message === 'heeded')?.fields['reason']).toBe('timeout');
    expect((await ask({ text: 'quick' })).outcome.status).toBe('succeeded');
  });

  it('runs as many calls at a time as it has threads', async () => {
    await serve(heeding, { drainMs: 0 });
    const both = [1, 2].map(() => request({ text: 'wait' }, { version: bench.version }));
    await bench.sendAll(both);
    await eventually(() => lines.filter(({ message }) => message === 'begun').length === 2);
    expect(bench.replies).toEqual([]);
  });

  it('chooses the outcome by the type of its error, as in the main thread', async () => {
    await serve(failing);
    const { outcome } = await ask({ text: 'x' });
    expect(outcome).toMatchObject({ code: 'engine_busy', retryable: true, retryAfterMs: 50 });
  });

  it('may crash its thread: that call fails and the worker lives on', async () => {
    await serve(failing);
    const { outcome } = await ask({ text: 'crash' });
    expect(outcome).toMatchObject({ code: 'thread_crashed', retryable: true });
    expect((await ask({ text: 'x' })).outcome.code).toBe('engine_busy');
  });

  it('is given back with its thread ended when the worker stops', async () => {
    const worker = await serve(busy, { drainMs: 50 });
    const asked = request({ text: 'forever' }, { version: busy.version });
    await bench.send(asked);
    await eventually(() => worker.openCalls === 1);
    await worker.stop();
    expect(bench.broker.readyCount('work.echo.v2')).toBe(1);
    expect(bench.repliesTo(asked)).toEqual([]);
  });

  it('refuses to start when the model does not load or is not exported where it says', async () => {
    await expect(serve(unloadable)).rejects.toThrow('no weights');
    const lost = echo({ threads: import.meta.resolve('./thread-models.ts'), version: 77 });
    await expect(serve(lost)).rejects.toThrow('exports no model "echo" version 77');
  });
});
