import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PermanentError, TransientError } from '../../../shared/errors/errors.ts';
import {
  type ChatOptions,
  type ChatRequest,
  chatCompletion,
} from '../../../shared/llm/chat-completions.ts';
import {
  breaksAfter,
  ChatServer,
  event,
  json,
  piece,
  says,
  streamEnd,
  streams,
} from './chat-server.ts';

let server: ChatServer;
let used: { inputTokens: number; outputTokens: number }[];
let tokens: string[];
beforeEach(async () => {
  server = await new ChatServer().start();
  used = [];
  tokens = [];
});
afterEach(() => server.stop());

function complete(
  request: Partial<ChatRequest> = {},
  options: Partial<ChatOptions> = {},
): Promise<string> {
  return chatCompletion(
    { baseUrl: server.baseUrl, apiKey: 'key-1' },
    { model: 'm', messages: [{ role: 'user', content: 'hi' }], stream: false, ...request },
    {
      signal: new AbortController().signal,
      maxCharacters: 1_000,
      onToken: (token) => tokens.push(token),
      onUsage: (usage) => used.push(usage),
      ...options,
    },
  );
}

describe('a whole answer', () => {
  it('is asked for with model, messages, key and settings', async () => {
    await complete({
      temperature: 0.2,
      maxTokens: 50,
      jsonSchema: { name: 'out', schema: { type: 'object' } },
    });
    const [asked] = server.asked;
    expect(asked?.path).toBe('/v1/chat/completions');
    expect(asked?.headers.authorization).toBe('Bearer key-1');
    expect(asked?.body).toEqual({
      model: 'm',
      messages: [{ role: 'user', content: 'hi' }],
      temperature: 0.2,
      max_tokens: 50,
      response_format: {
        type: 'json_schema',
        json_schema: { name: 'out', schema: { type: 'object' } },
      },
    });
  });

  it('gives its text and what it used', async () => {
    server.answer(says('forty-two'));
    expect(await complete()).toBe('forty-two');
    expect(used).toEqual([{ inputTokens: 12, outputTokens: 5 }]);
  });

  it('may come without usage', async () => {
    server.answer(says('forty-two', { usage: null }));
    expect(await complete()).toBe('forty-two');
    expect(used).toEqual([]);
  });

  it.each([
    ['is no JSON', 'Bad gateway, but 200'],
    ['is cut JSON', '{"choices":[{"message":{"content":"for'],
    ['has no choices', { choices: [] }],
    ['is something else', { result: 'forty-two' }],
  ])('that %s is provider_malformed and may be asked again', async (_what, body) => {
    server.answer(json(200, body));
    await expect(complete()).rejects.toMatchObject({
      code: 'provider_malformed',
      constructor: TransientError,
    });
  });

  it('longer than allowed is refused without being read to its end', async () => {
    server.answer(json(200, 'x'.repeat(5_000_000)));
    await expect(complete()).rejects.toMatchObject({ code: 'provider_malformed' });
    server.answer(says('y'.repeat(1_001)));
    await expect(complete()).rejects.toMatchObject({ code: 'provider_malformed' });
    expect(used).toEqual([{ inputTokens: 12, outputTokens: 5 }]);
  });

  it.each([
    ['a refusal', { message: { content: null, refusal: 'I cannot.' }, finish_reason: 'stop' }],
    ['a content filter', { message: { content: '' }, finish_reason: 'content_filter' }],
  ])('that is %s is model_refused for good, and paid for', async (_what, choice) => {
    server.answer(says('', { choices: [choice] }));
    await expect(complete()).rejects.toMatchObject({
      code: 'model_refused',
      constructor: PermanentError,
    });
    expect(used).toHaveLength(1);
  });
});

describe('a streamed answer', () => {
  it('gives each token as it comes, the whole text, and the usage it asked for', async () => {
    server.answer(streams([piece('for'), piece('ty-'), piece('two'), ...streamEnd]));
    expect(await complete({ stream: true })).toBe('forty-two');
    expect(tokens).toEqual(['for', 'ty-', 'two']);
    expect(used).toEqual([{ inputTokens: 12, outputTokens: 5 }]);
    expect(server.asked[0]?.body).toMatchObject({
      stream: true,
      stream_options: { include_usage: true },
    });
  });

  it('gives a token before the answer is complete', async () => {
    const first = Promise.withResolvers<void>();
    server.answer(async (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(piece('early'));
      await first.promise;
      response.end([piece(' late'), ...streamEnd].join(''));
    });
    const text = await complete(
      { stream: true },
      {
        onToken: (token) => {
          tokens.push(token);
          first.resolve();
        },
      },
    );
    expect(text).toBe('early late');
  });

  it('may be cut into network chunks anywhere, also inside a character or a line end', async () => {
    const bytes = Buffer.from(
      [': keep-alive\r\n\r\n', piece('Zürich '), piece('🚢'), ...streamEnd].join(''),
    );
    const crlf = Buffer.from(bytes.toString().replaceAll(/(?<!\r)\n/g, '\r\n'));
    server.answer(streams([...crlf].map((byte) => Buffer.of(byte))));
    expect(await complete({ stream: true })).toBe('Zürich 🚢');
    expect(tokens).toEqual(['Zürich ', '🚢']);
  });

  it('may come whole from a server that does not stream', async () => {
    server.answer(says('all at once'));
    expect(await complete({ stream: true })).toBe('all at once');
    expect(used).toHaveLength(1);
  });

  it.each([
    ['the connection breaks', breaksAfter([piece('a'), piece('b')])],
    ['the stream ends without an end', streams([piece('a'), piece('b')])],
  ])('is stream_cut when %s, and what came is counted', async (_what, answer) => {
    server.answer(answer);
    await expect(complete({ stream: true })).rejects.toMatchObject({
      code: 'stream_cut',
      constructor: TransientError,
    });
    expect(used).toEqual([{ inputTokens: 0, outputTokens: 2 }]);
  });

  it('counts what the provider said before the cut', async () => {
    const usage = { prompt_tokens: 9, completion_tokens: 4 };
    server.answer(breaksAfter([piece('a'), event({ choices: [], usage }), piece('b')]));
    await expect(complete({ stream: true })).rejects.toMatchObject({ code: 'stream_cut' });
    expect(used).toEqual([{ inputTokens: 9, outputTokens: 4 }]);
  });

  it.each([
    ['ends', streams([piece('a'), piece('b', 'stop')])],
    ['breaks', breaksAfter([piece('a'), piece('b', 'stop')])],
  ])('is complete when it %s after its finish reason, without the mark', async (_how, answer) => {
    server.answer(answer);
    expect(await complete({ stream: true })).toBe('ab');
  });

  it.each([
    ['provider_malformed', event('{"choices":[{"delta":')],
    ['provider_malformed', `data: ${'x'.repeat(1_100_000)}`],
    ['provider_malformed', piece('z'.repeat(1_001))],
    ['provider_unavailable', event({ error: { message: 'overloaded', code: 503 } })],
  ])('is %s when an event is wrong', async (code, bad) => {
    server.answer(streams([piece('a'), bad, ...streamEnd]));
    await expect(complete({ stream: true })).rejects.toMatchObject({
      code,
      constructor: TransientError,
    });
  });
});

describe('an answer that is no success', () => {
  it.each([
    [408, 'provider_unavailable'],
    [409, 'provider_unavailable'],
    [500, 'provider_unavailable'],
    [502, 'provider_unavailable'],
    [529, 'provider_unavailable'],
    [429, 'rate_limited'],
  ])('with status %i is %s and may be asked again', async (status, code) => {
    server.answer(json(status, { error: { message: 'no', type: 'busy' } }));
    await expect(complete()).rejects.toMatchObject({ code, constructor: TransientError });
  });

  it.each([
    [400, 'provider_refused'],
    [404, 'provider_refused'],
    [422, 'provider_refused'],
    [401, 'provider_unauthorized'],
    [403, 'provider_unauthorized'],
  ])('with status %i is %s for good', async (status, code) => {
    server.answer(json(status, { error: { message: 'no', code: 'bad_thing' } }));
    await expect(complete()).rejects.toMatchObject({ code, constructor: PermanentError });
  });

  it('says when to come back, in seconds or as a date', async () => {
    server.answer(json(429, '', { 'retry-after': '7' }));
    await expect(complete()).rejects.toMatchObject({ retryAfterMs: 7_000 });
    const inAnHour = new Date(Date.now() + 3_600_000).toUTCString();
    server.answer(json(503, '', { 'retry-after': inAnHour }));
    const error = await complete().catch((thrown: TransientError) => thrown);
    expect((error as TransientError).retryAfterMs).toBeGreaterThan(3_590_000);
    expect((error as TransientError).retryAfterMs).toBeLessThanOrEqual(3_600_000);
    server.answer(json(429, '', { 'retry-after': 'soon' }));
    await expect(complete()).rejects.toMatchObject({ retryAfterMs: undefined });
  });

  it('never repeats the provider’s sentence, which may quote a key or a prompt', async () => {
    const message = 'Incorrect API key provided: key-1';
    server.answer(json(401, { error: { message, code: 'invalid_api_key' } }));
    const error = await complete().catch((thrown: Error) => thrown);
    expect((error as Error).message).toContain('invalid_api_key');
    expect((error as Error).message).not.toContain('key-1');
  });

  it('is not followed to another host', async () => {
    server.answer(json(307, '', { location: 'http://127.0.0.1:1/v1/chat/completions' }));
    await expect(complete()).rejects.toMatchObject({ code: 'provider_refused' });
    expect(server.asked).toHaveLength(1);
  });
});

describe('no answer', () => {
  it('is provider_unreachable when nobody listens', async () => {
    const gone = await new ChatServer().start();
    const { baseUrl } = gone;
    await gone.stop();
    const asking = chatCompletion(
      { baseUrl },
      { model: 'm', messages: [], stream: false },
      { signal: new AbortController().signal, maxCharacters: 10 },
    );
    await expect(asking).rejects.toMatchObject({
      code: 'provider_unreachable',
      constructor: TransientError,
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });

  it.each([
    ['before the first byte', () => {}],
    [
      'in the middle of a stream',
      (response: Parameters<Parameters<ChatServer['answer']>[0]>[0]) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write(piece('a'));
      },
    ],
  ])('ends with the reason of the signal %s, and the connection with it', async (_when, answer) => {
    const closed = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    server.answer((response, request) => {
      response.on('close', () => closed.resolve());
      answer(response);
      expect(request.body.model).toBe('m');
      asked.resolve();
    });
    const abort = new AbortController();
    const reason = new TransientError('stop_it', 'Stop.');
    const asking = complete({ stream: true }, { signal: abort.signal });
    asking.catch(() => {});
    await asked.promise;
    abort.abort(reason);
    await expect(asking).rejects.toBe(reason);
    await closed.promise;
  });
});
