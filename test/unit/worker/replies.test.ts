import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { header } from '../../../shared/envelope/headers.ts';
import { fromJob, type ValueProvenance } from '../../../shared/envelope/provenance.ts';
import { visibleOnly } from '../../../shared/envelope/visible-only.ts';
import { PermanentError, TransientError } from '../../../shared/errors/errors.ts';
import { eventually } from '../../support/eventually.ts';
import { echo, MemoryBench, request } from './harness.ts';

let bench: MemoryBench;
beforeEach(async () => {
  bench = await MemoryBench.start();
});
afterEach(() => bench.tearDown());

describe('a reply', () => {
  it('carries the output, the step it answers and who made it when', async () => {
    await bench.worker(echo(), { instance: 'w1' });
    const asked = request({ text: 'hello' });
    const reply = await bench.ask(asked);
    expect(reply.payload).toEqual({ text: 'hello' });
    expect(reply.step).toEqual(asked.step);
    expect(reply.outcome).toMatchObject({ status: 'succeeded', worker: 'w1' });
    expect(Date.parse(reply.outcome.startedAt)).toBeLessThanOrEqual(
      Date.parse(reply.outcome.finishedAt),
    );
  });

  it('is to what the model makes of its input before it runs, where it takes text as orders', async () => {
    await bench.worker(echo({ sanitize: visibleOnly }));
    const hidden = 'Hello\u{e0069}\u{e0067}\u202e \u0007w\u200borld 👩‍👩‍👧\n';
    const reply = await bench.ask(request({ text: hidden }));
    expect(reply.payload).toEqual({ text: 'Hello world 👩‍👩‍👧\n' });
  });

  it('carries what the model patched, and nothing else of the context', async () => {
    const model = echo({
      run(input, call) {
        call.patch('language', 'en');
        call.patch('language', 'de');
        return input;
      },
    });
    await bench.worker(model);
    const reply = await bench.ask({ ...request({ text: 'x' }), context: { earlier: 1 } });
    expect(reply.context).toEqual({ language: 'de' });
  });

  it('was made knowing whose input and context are, where the request says it, and does not say it back', async () => {
    const told: unknown[] = [];
    const model = echo({
      run(input, { provenance, emit }) {
        told.push(provenance);
        emit({});
        return input;
      },
    });
    await bench.worker(model);
    const byModel: ValueProvenance = {
      untrusted: true,
      origins: [{ from: 'model', step: 'ocr', servedBy: ['ocr@1'] }],
    };
    const asked = request(
      { text: 'x' },
      { provenance: { input: byModel, context: { ocr: byModel } } },
    );
    const context = JSON.parse('{"ocr":{},"topic":"x","__proto__":1}');
    const reply = await bench.ask({ ...asked, context }, { [header.watch]: 'true' });
    const named = Object.fromEntries([
      ['ocr', byModel],
      ['topic', fromJob],
      ['__proto__', fromJob],
    ]);
    expect(told).toEqual([{ input: byModel, context: named }]);
    await eventually(() => bench.progress.length === 1);
    for (const { step } of [reply, ...bench.progress])
      expect(step).not.toHaveProperty('provenance');
    await bench.ask(request({ text: 'y' }));
    expect(told[1]).toBeUndefined();
  });

  it('to a request that asks again was made knowing what was wrong with the last one', async () => {
    const asked: (readonly string[])[] = [];
    const model = echo({
      run(input, call) {
        asked.push(call.reask);
        return input;
      },
    });
    await bench.worker(model);
    await bench.ask(request({ text: 'x' }));
    await bench.ask(request({ text: 'x' }, { attempt: 2, reask: ['text is too short'] }));
    expect(asked).toEqual([[], ['text is too short']]);
  });

  it('adds up what the model used, and counts the call', async () => {
    const model = echo({
      run(input, { usage }) {
        usage({ inputTokens: 10, outputTokens: 1 });
        usage({ outputTokens: 2, microUsd: 50 });
        usage({ inputTokens: Number.NaN, outputTokens: -5 });
        usage({ microUsd: Number.POSITIVE_INFINITY });
        return input;
      },
    });
    await bench.worker(model);
    const reply = await bench.ask(request({ text: 'x' }));
    expect(reply.outcome.usage).toMatchObject({
      calls: 1,
      inputTokens: 10,
      outputTokens: 3,
      microUsd: Number.MAX_SAFE_INTEGER,
    });
  });

  it('continues the trace of its request', async () => {
    await bench.worker(echo());
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    await bench.ask(request({ text: 'x' }), { [header.traceparent]: traceparent });
    expect(bench.replyHeaders[0]?.[header.traceparent]).toContain(
      '0af7651916cd43dd8448eb211c80319c',
    );
  });

  it('gives the model the context and a key that is the same for every delivery', async () => {
    const seen: unknown[] = [];
    const model = echo({
      run(input, call) {
        seen.push([call.context, call.idempotencyKey, call.run, call.path, call.attempt]);
        return input;
      },
    });
    await bench.worker(model);
    const asked = { ...request({ text: 'x' }), context: { intent: { label: 'refund' } } };
    await bench.ask(asked);
    const { run, path, attempt } = asked.step;
    expect(seen).toEqual([[asked.context, asked.id, run, path, attempt]]);
  });
});

describe('a failed reply', () => {
  it('names input that breaks the schema by JSON Pointer and runs nothing', async () => {
    let calls = 0;
    const model = echo({
      input: z.object({ text: z.string(), items: z.array(z.object({ price: z.number() })) }),
      run(input) {
        calls += 1;
        return input;
      },
    });
    await bench.worker(model);
    const { outcome } = await bench.ask(request({ text: 1, items: [{ price: 'secret' }] }));
    expect(outcome).toMatchObject({ status: 'failed', code: 'input_invalid', retryable: false });
    expect(outcome.message).toContain('/text');
    expect(outcome.message).toContain('/items/0/price');
    expect(outcome.message).not.toContain('secret');
    expect(outcome.usage).toBeUndefined();
    expect(calls).toBe(0);
  });

  it('is output_invalid for output that breaks the schema, and its usage is counted', async () => {
    const model = echo({
      run(_input, call) {
        call.usage({ outputTokens: 7 });
        return { text: 5 };
      },
    });
    await bench.worker(model);
    const { outcome, payload } = await bench.ask(request({ text: 'x' }));
    expect(outcome).toMatchObject({ status: 'failed', code: 'output_invalid', retryable: false });
    expect(outcome.message).toContain('/text');
    expect(outcome.usage).toMatchObject({ calls: 1, outputTokens: 7 });
    expect(payload).toEqual({});
  });

  it.each([
    ['a NUL character', 'a\0b'],
    ['half a surrogate pair', 'a\ud800b'],
  ])('is output_invalid for %s, which the coordinator would not read', async (_what, text) => {
    await bench.worker(echo({ run: () => ({ text }) }));
    const { outcome } = await bench.ask(request({ text: 'x' }));
    expect(outcome).toMatchObject({ status: 'failed', code: 'output_invalid' });
  });

  it('fails at once with the field named when the output is oversize (Seldon #5125)', async () => {
    const text = 'x'.repeat(9 * 1024 * 1024);
    await bench.worker(echo({ run: () => ({ text }) }));
    const { outcome } = await bench.ask(request({ text: 'x' }));
    expect(outcome).toMatchObject({
      status: 'failed',
      code: 'message_too_large',
      message: expect.stringContaining('/text alone takes 9437186'),
      retryable: false,
    });
  });

  it('is output_invalid for what JSON cannot hold', async () => {
    const model = echo({ output: z.any(), run: () => ({ text: 10n }) as never });
    await bench.worker(model);
    const { outcome } = await bench.ask(request({ text: 'x' }));
    expect(outcome).toMatchObject({ status: 'failed', code: 'output_invalid' });
  });

  it('says what the model said: try again, and when', async () => {
    const error = new TransientError('rate_limited', 'Slow down.', { retryAfterMs: 1_500 });
    await bench.worker(echo({ run: () => Promise.reject(error) }));
    const { outcome } = await bench.ask(request({ text: 'x' }));
    expect(outcome).toMatchObject({
      status: 'failed',
      code: 'rate_limited',
      message: 'Slow down.',
      retryable: true,
      retryAfterMs: 1_500,
    });
  });

  it('says what the model said: never again', async () => {
    const model = echo({
      run() {
        throw new PermanentError('not_a_receipt', 'There is no text in the picture.');
      },
    });
    await bench.worker(model);
    const { outcome } = await bench.ask(request({ text: 'x' }));
    expect(outcome).toMatchObject({ code: 'not_a_receipt', retryable: false });
  });

  it('may be retried when the model threw something unknown, and keeps no patch', async () => {
    const model = echo({
      run(_input, call) {
        call.patch('key', 'value');
        throw new RangeError('boom');
      },
    });
    await bench.worker(model);
    const { outcome, context } = await bench.ask(request({ text: 'x' }));
    expect(outcome).toMatchObject({ code: 'unexpected_error', retryable: true });
    expect(context).toEqual({});
  });

  it('can be read whatever the model’s own words are', async () => {
    const message = `\0 \ud800 ${'🚢'.repeat(100_000)}`;
    const error = new PermanentError('c'.repeat(500), message);
    await bench.worker(echo({ run: () => Promise.reject(error) }));
    const { outcome } = await bench.ask(request({ text: 'x' }));
    expect(outcome.code).toHaveLength(64);
    expect(outcome.message).toHaveLength(4_096);
    expect(outcome.message).toMatch(/^\ufffd \ufffd 🚢/);
  });

  it.each([
    [1_499.2, 1_500],
    [0, 0],
    [-1, undefined],
    [Number.NaN, undefined],
    [1e300, undefined],
  ])('asked to be repeated in %d ms, names a wait that makes sense: %s', async (asked, said) => {
    const error = new TransientError('busy', 'Later.', { retryAfterMs: asked });
    await bench.worker(echo({ run: () => Promise.reject(error) }));
    const { outcome } = await bench.ask(request({ text: 'x' }));
    expect(outcome).toMatchObject({ code: 'busy', retryable: true });
    expect(outcome.retryAfterMs).toBe(said);
  });
});
