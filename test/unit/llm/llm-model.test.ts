import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../shared/envelope/json.ts';
import { llmModel, served } from '../../../shared/llm/llm-model.ts';
import { parseModelFile } from '../../../shared/llm/model-file.ts';
import { manifestOf } from '../../../shared/worker/manifest-of.ts';
import type { Call, UsageReport } from '../../../shared/worker/model.ts';
import { callOf } from '../../support/call.ts';
import { echo, MemoryBench, request } from '../worker/harness.ts';
import { breaksAfter, ChatServer, json, piece, says, streamEnd, streams } from './chat-server.ts';

let server: ChatServer;
beforeEach(async () => {
  server = await new ChatServer().start();
});
afterEach(() => server.stop());

const file = `
name: tagger
version: 3
description: Tags a text.
baseUrlEnv: TAGGER_URL
providerModel: small
providerModelEnv: TAGGER_MODEL
apiKeyEnv: TAGGER_KEY
prompt: { system: 'You tag for {{user.name}}.', user: 'Tag: {{text}}' }
input:
  type: object
  required: [text]
  properties: { text: { type: string, maxLength: 50 }, user: { type: object } }
output:
  type: object
  required: [tag]
  properties: { tag: { enum: [bug, wish] } }
json: true
prices: { inputPerMillionUsd: 0.5, outputPerMillionUsd: 2 }
timeout: 200ms
estimate: { inputTokens: 300 }
limits: { maxPromptCharacters: 400, inFlight: 4, requestsPerMinute: 60 }
`;

function tagger(source = file, env: Record<string, string> = {}) {
  const all = { TAGGER_URL: server.baseUrl, TAGGER_KEY: 'key-1', ...env };
  return llmModel(parseModelFile(source, 'tagger.yaml'), all);
}

async function run(model: ReturnType<typeof tagger>, input: JsonObject, call: Partial<Call> = {}) {
  return model.run?.(input, callOf(call), undefined);
}

describe('a model that is a file', () => {
  it('asks its provider with the prompts filled in and the schema of the answer', async () => {
    server.answer(says('```json\n{"tag":"bug"}\n```'));
    const output = await run(tagger(), { text: 'it broke', user: { name: 'Ada' } });
    expect(output).toEqual({ tag: 'bug' });
    const [asked] = server.asked;
    expect(asked?.headers.authorization).toBe('Bearer key-1');
    expect(asked?.body.model).toBe('small');
    expect(asked?.body.messages[0]).toMatchObject({
      role: 'system',
      content: expect.stringMatching(/^You tag for Ada\.\n\nAnswer with one JSON object.*"enum"/s),
    });
    expect(asked?.body.messages[1]).toEqual({ role: 'user', content: 'Tag: it broke' });
    expect(asked?.body['response_format']).toMatchObject({ type: 'json_schema' });
  });

  it('takes server, provider model and key from the environment', async () => {
    server.answer(says('{"tag":"wish"}'));
    await run(tagger(file, { TAGGER_MODEL: 'large', TAGGER_KEY: '' }), { text: 'x' });
    expect(server.asked[0]?.body.model).toBe('large');
    expect(server.asked[0]?.headers.authorization).toBeUndefined();
  });

  it('cannot be made without its server', () => {
    expect(() => llmModel(parseModelFile(file, 'tagger.yaml'), {})).toThrow('TAGGER_URL');
    expect(() => served(undefined, {})).toThrow('LLM_MODEL');
    expect(() => served('no-such-model', {})).toThrow('cannot be read');
  });

  it('reports what it used and what that cost', async () => {
    server.answer(says('{"tag":"bug"}'));
    const reports: UsageReport[] = [];
    await run(tagger(), { text: 'x' }, { usage: (report) => reports.push(report) });
    expect(reports).toEqual([{ inputTokens: 12, outputTokens: 5, microUsd: 16 }]);
  });

  it('pays also for an answer that is refused or cut', async () => {
    const reports: UsageReport[] = [];
    const usage = (report: UsageReport) => reports.push(report);
    server.answer(says('{"tag":"praise"}'));
    await expect(run(tagger(), { text: 'x' }, { usage })).rejects.toMatchObject({
      code: 'output_invalid',
    });
    server.answer(breaksAfter([piece('{"tag"')]));
    const streaming = tagger(file.replace('json: true', 'json: true\nstream: true'));
    await expect(run(streaming, { text: 'x' }, { usage })).rejects.toMatchObject({
      code: 'stream_cut',
    });
    expect(reports.map(({ outputTokens }) => outputTokens)).toEqual([5, 1]);
  });

  it('is told what was wrong with its last answer when it is asked again', async () => {
    server.answer(says('{"tag":"bug"}'));
    await run(tagger(), { text: 'x' }, { reask: ['/tag: must be one of the tags'] });
    expect(server.asked[0]?.body.messages[0]?.content).toContain('/tag: must be one of the tags');
  });

  it('gives up after its own time-out, and may be tried again', async () => {
    server.answer(() => {});
    await expect(run(tagger(), { text: 'x' })).rejects.toMatchObject({
      code: 'provider_timeout',
      name: 'TransientError',
    });
  });

  it('leaves no timer behind when the provider answers in time', async () => {
    server.answer(says('{"tag":"bug"}'));
    const model = tagger(file.replace('200ms', '1h'));
    await run(model, { text: 'x' });
    const before = timers();
    for (let count = 0; count < 20; count += 1) await run(model, { text: 'y' });
    expect(timers() - before).toBeLessThan(10);
  });

  it('refuses a prompt that is too long before it costs anything', async () => {
    await expect(run(tagger(), { text: 'x'.repeat(500) })).rejects.toMatchObject({
      code: 'prompt_too_long',
      name: 'PermanentError',
    });
    expect(server.asked).toEqual([]);
  });

  it('announces its schemas as they are written, its prices, its limits and its time-out', () => {
    const manifest = manifestOf(tagger(), 'w1', 4);
    expect(manifest).toMatchObject({
      name: 'tagger',
      version: 3,
      timeoutMs: 200,
      prices: {
        microUsdPerMillionInputTokens: 500_000,
        microUsdPerMillionOutputTokens: 2_000_000,
      },
      estimate: { inputTokens: 300 },
      inputSchema: { properties: { text: { maxLength: 50 } } },
      outputSchema: { properties: { tag: { enum: ['bug', 'wish'] } } },
    });
    expect(manifest.limits).toEqual({ inFlight: 4, requestsPerMinute: 60 });
    expect(JSON.stringify(manifest)).not.toContain('key-1');
  });
});

describe('a model file behind a worker', () => {
  let bench: MemoryBench;
  beforeEach(async () => {
    bench = await MemoryBench.start();
  });
  afterEach(() => bench.tearDown());

  /** The file's model, where the harness sends its requests. */
  const served = (source?: string) => echo({ ...tagger(source), name: 'echo', version: 1 });

  it('streams its tokens to whoever watches', async () => {
    server.answer(streams([piece('{"tag":'), piece('"wish"}'), ...streamEnd]));
    await bench.worker(served(file.replace('json: true', 'json: true\nstream: true')));
    const reply = await bench.ask(request({ text: 'x' }), { 'flotilla-watch': 'true' });
    expect(reply.payload).toEqual({ tag: 'wish' });
    expect(reply.outcome.usage).toMatchObject({ inputTokens: 12, outputTokens: 5, microUsd: 16 });
    expect(bench.progress.map(({ payload }) => payload)).toEqual([
      { sequence: 1, token: '{"tag":' },
      { sequence: 2, token: '"wish"}' },
    ]);
  });

  it('passes on when the provider wants to be asked again', async () => {
    server.answer(json(429, '', { 'retry-after': '3' }));
    await bench.worker(served());
    const { outcome } = await bench.ask(request({ text: 'x' }));
    expect(outcome).toMatchObject({
      code: 'rate_limited',
      retryable: true,
      retryAfterMs: 3_000,
    });
  });

  it('stops asking when the step’s time is over', async () => {
    const closed = Promise.withResolvers<void>();
    server.answer((response) => void response.on('close', () => closed.resolve()));
    await bench.worker(served(file.replace('200ms', '1m')));
    const { outcome } = await bench.ask(request({ text: 'x' }, { timeoutMs: 30 }));
    expect(outcome).toMatchObject({ code: 'timeout', retryable: true });
    await closed.promise;
  });

  it('refuses input that breaks the file’s schema, by JSON Pointer', async () => {
    await bench.worker(served());
    const { outcome } = await bench.ask(request({ text: 'x'.repeat(51) }));
    expect(outcome).toMatchObject({ code: 'input_invalid', retryable: false });
    expect(outcome.message).toContain('/text');
    expect(server.asked).toEqual([]);
  });
});

/** Timers that would keep the process. */
function timers(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
}
