import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { letterOf } from '../../../services/coordinator/dead-letters/letter.ts';
import { redact, restore } from '../../../services/coordinator/dead-letters/redact.ts';
import { encode } from '../../../shared/envelope/codec.ts';
import { header } from '../../../shared/envelope/headers.ts';
import type { JsonValue } from '../../../shared/envelope/json.ts';
import { deathHeader } from '../../../shared/transport/broker-headers.ts';
import { workQueueName } from '../../../shared/transport/topology.ts';
import type { Delivery } from '../../../shared/transport/transport.ts';
import { reply, request } from '../envelope/samples.ts';

const { step } = request;

function delivery(body: Uint8Array | string, some: Partial<Delivery> = {}): Delivery {
  return {
    exchange: 'flotilla.dead',
    routingKey: 'failed',
    body: Buffer.from(body),
    messageId: 'm1',
    type: 'request',
    correlationId: undefined,
    headers: {},
    contentType: undefined,
    contentEncoding: undefined,
    userId: undefined,
    redelivered: false,
    deliveryCount: 0,
    ...some,
  };
}

const reason = (code: string, sentence = 'Because.') => ({
  [header.reason]: code,
  [header.reasonMessage]: sentence,
});

const death = (code: string, queue = workQueueName(step.model, step.version)) => ({
  [deathHeader.reason]: code,
  [deathHeader.queue]: queue,
});

describe('a dead letter', () => {
  it('of a step whose ladder is spent names run, step and model, and keeps what was asked', () => {
    const { row, lost } = letterOf(
      delivery(encode('request', request), { headers: reason('too_hard', 'It is too hard.') }),
      7,
    );
    expect(row).toMatchObject({
      kind: 'failed',
      code: 'too_hard',
      message: 'It is too hard.',
      runId: step.run,
      path: 'summary/2/critic',
      attempt: 1,
      model: 'critic',
      atMs: 7,
      input: { text: 'A draft.' },
      status: 'open',
      trace: [],
    });
    expect(lost).toBeUndefined();
  });

  it.each(['delivery_limit', 'expired', 'rejected'])(
    'of a request that the broker gave up (%s) is an attempt that nobody will answer',
    (code) => {
      const { row, lost } = letterOf(
        delivery(encode('request', request), { headers: death(code) }),
        7,
      );
      expect(row).toMatchObject({ code, message: expect.stringMatching(/\.$/) });
      expect(lost).toMatchObject({ run: step.run, path: step.path, attempt: 1, code });
    },
  );

  it('that somebody else wrote in the name of the broker fails no attempt', () => {
    const body = encode('request', request);
    const foreign = letterOf(delivery(body, { headers: death('rejected', 'work.other.v1') }), 7);
    expect(foreign.lost).toBeUndefined();
    const spoken = { ...death('rejected'), ...reason('not_your_route') };
    expect(letterOf(delivery(body, { headers: spoken }), 7).lost).toBeUndefined();
  });

  it('of a reply that could not be taken names its step, and has no input', () => {
    const { row } = letterOf(
      delivery(encode('reply', reply), { headers: reason('flow_missing') }),
      7,
    );
    expect(row).toMatchObject({ runId: step.run, model: 'critic', input: null });
  });

  it('that nobody can read has its bytes as text and no run', () => {
    const { row } = letterOf(
      delivery(Buffer.from([0x7b, 0xff, 0x22]), {
        routingKey: 'unprocessable',
        headers: reason('bad_utf8'),
      }),
      7,
    );
    expect(row).toMatchObject({
      kind: 'unprocessable',
      code: 'bad_utf8',
      runId: null,
      model: null,
      input: null,
      body: '{\uFFFD"',
    });
  });

  it('has one id however often it comes, and another than its neighbours', () => {
    const idOf = (body: string, code = 'bad_json') =>
      letterOf(delivery(body, { routingKey: 'unprocessable', headers: reason(code) }), 7).row.id;
    expect(idOf('{')).toBe(idOf('{'));
    expect(new Set([idOf('{'), idOf('{{'), idOf('{', 'empty_body')]).size).toBe(3);
  });

  it("is the same for the broker's word on an attempt and the coordinator's", () => {
    const body = encode('request', request);
    const broker = letterOf(delivery(body, { headers: death('delivery_limit') }), 7);
    const later = { ...request, id: 'another', context: {} };
    const ours = letterOf(
      delivery(encode('request', later), { messageId: 'x', headers: reason('delivery_limit') }),
      8,
    );
    expect(ours.row.id).toBe(broker.row.id);
  });

  it('with a code that is none has none', () => {
    const headers = { [header.reason]: 'DROP TABLE\u0000', [header.reasonMessage]: 'a\u0000b' };
    const { row } = letterOf(delivery('{', { headers }), 7);
    expect(row).toMatchObject({ code: 'unknown', message: 'a b' });
  });

  it('is cut to 16 KiB, whole characters, and says how long it was', () => {
    const { row } = letterOf(delivery('é'.repeat(20_000)), 7);
    expect(Buffer.byteLength(row.body)).toBeLessThanOrEqual(16 * 1024);
    expect(row.body).toMatch(/^é+ \[40000 bytes in all\]$/);
  });

  it('that is larger than any message is not read through, which would halt the coordinator (B2)', () => {
    const body = `{"apiKey":"secret-word","a":"${'x'.repeat(8 * 1024 * 1024)}"}`;
    const { row } = letterOf(delivery(body), 7);
    expect(row.body.slice(0, 30)).toBe('{"apiKey":[redacted],"a":"xxxx');
    expect(row.body).toContain(` [${body.length} bytes in all]`);
    expect(Buffer.byteLength(row.body)).toBeLessThanOrEqual(16 * 1024);
    expect(row).toMatchObject({ runId: null, input: null });
  });

  it('never throws, whatever the bytes and headers are', () => {
    const bytes = fc.oneof(fc.uint8Array(), fc.json().map(Buffer.from));
    fc.assert(
      fc.property(bytes, fc.string(), (body, text) => {
        const headers = { [header.reason]: text, [deathHeader.reason]: text };
        const { row } = letterOf(delivery(body, { headers, messageId: text }), 7);
        expect(row.code).toMatch(/^[a-z][a-z0-9_]{0,63}$/);
      }),
    );
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    expect(letterOf(delivery(deep), 7).row.body).toContain('[too deep]');
  });
});

describe('redaction', () => {
  it.each<[JsonValue, JsonValue]>([
    [{ authorization: 'Basic xyz' }, { authorization: '[redacted]' }],
    [
      { apiKey: 'sk-1', 'api-key': 1, API_KEY: null },
      { apiKey: '[redacted]', 'api-key': '[redacted]', API_KEY: '[redacted]' },
    ],
    [{ a: [{ accessToken: 'x' }] }, { a: [{ accessToken: '[redacted]' }] }],
    [
      { dbPassword: 'x', clientSecret: { a: 1 } },
      { dbPassword: '[redacted]', clientSecret: '[redacted]' },
    ],
    [{ note: 'Bearer abc.def' }, { note: '[redacted]' }],
    [
      { inputTokens: 12, tokens: 3, secretary: 'Ann' },
      { inputTokens: 12, tokens: 3, secretary: 'Ann' },
    ],
    [`data:image/png;base64,${'A'.repeat(1_000)}`, 'data:image/png [1022 characters cut]'],
    ['x'.repeat(2_000), `${'x'.repeat(256)} [1744 characters cut]`],
    [
      { text: 'as it is', n: 1.5, b: true, z: null },
      { text: 'as it is', n: 1.5, b: true, z: null },
    ],
  ])('of %j', (value, shown) => {
    expect(redact(value)).toEqual(shown);
  });

  it.each([
    ['{"token": "abc", ', '{"token": [redacted], '],
    ['Authorization: Bearer abc.def\nx', 'Authorization: [redacted]\nx'],
    ['password=hunter2&a=1', 'password=[redacted]'],
  ])('of text that is no JSON: %j', (text, shown) => {
    expect(letterOf(delivery(text), 7).row.body).toBe(shown);
  });

  it('is undone for all that was not edited', () => {
    const original = { token: 'abc', text: 'x'.repeat(2_000), list: [{ password: 'p' }], n: 1 };
    const edited = { ...(redact(original) as object), n: 2 };
    expect(restore(edited, original)).toEqual({ ...original, n: 2 });
    expect(restore({ token: 'new' }, original)).toEqual({ token: 'new' });
    expect(restore({ other: '[redacted]' }, original)).toEqual({ other: '[redacted]' });
  });

  it('of any value is undone by giving it back as it was shown', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        expect(restore(redact(value as JsonValue), value as JsonValue)).toEqual(value);
      }),
    );
  });
});
