import { describe, expect, test } from 'vitest';
import { decode, encode } from '../../../shared/envelope/codec.ts';
import type { EnvelopeOf, MessageType } from '../../../shared/envelope/envelope.ts';
import { MAX_METADATA_BYTES } from '../../../shared/envelope/limits.ts';
import { UnprocessableError } from '../../../shared/errors/errors.ts';
import { bytesOf, codeOf, jobOf, nowMs, reply, request, result, step } from './samples.ts';

const decodeJob = (job: unknown) => decode('job', bytesOf(job), { trust: 'untrusted', nowMs });
const jobCode = (changes: Record<string, unknown>) => {
  // A change to undefined leaves the field out.
  return codeOf(() => decodeJob({ ...jobOf(), ...changes }));
};

describe('what is encoded', () => {
  test.each([
    ['job', jobOf()],
    ['request', request],
    ['reply', reply],
    ['progress', { ...request, payload: { sequence: 1 } }],
    ['result', result],
    ['operation', jobOf()],
    ['answer', jobOf()],
    ['control', jobOf()],
  ] as [MessageType, EnvelopeOf<MessageType>][])('decodes as the same %s', (type, envelope) => {
    for (const trust of ['untrusted', 'internal'] as const) {
      expect(decode(type, encode(type, envelope), { trust, nowMs })).toEqual(envelope);
    }
  });
});

describe('the shape of an envelope (B21)', () => {
  test.each([
    ['an unknown field at the top', { extra: 1 }, '/extra'],
    ['an unknown field whose name needs escaping', { 'a/b~c': 1 }, '/a~1b~0c'],
    ['a payload that is text', { payload: 'x' }, '/payload'],
    ['a payload that is a list', { payload: [] }, '/payload'],
    ['a payload that is null', { payload: null }, '/payload'],
    ['no payload', { payload: undefined }, '/payload'],
    ['no context', { context: undefined }, '/context'],
    ['an id that is a number', { id: 5 }, '/id'],
    ['no id', { id: undefined }, '/id'],
    ['no timestamp', { timestamp: undefined }, '/timestamp'],
    ['a block that jobs do not have', { step }, '/step'],
  ])('refuses %s and points at it', (_what, changes, pointer) => {
    try {
      decodeJob({ ...jobOf(), ...changes });
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(UnprocessableError);
      expect(error).toMatchObject({ code: 'schema_invalid', details: { pointer } });
    }
  });

  test('points into blocks', () => {
    const broken = { ...request, step: { ...step, attempt: 0 } };
    expect(() => decode('request', bytesOf(broken), { trust: 'internal' })).toThrow(
      expect.objectContaining({ details: expect.objectContaining({ pointer: '/step/attempt' }) }),
    );
  });

  test('leaves out unknown fields of blocks', () => {
    const newer = { ...request, step: { ...step, future: true } };
    expect(decode('request', bytesOf(newer), { trust: 'internal' })).toEqual(request);
  });

  test('asks for no text and no image in a payload (B26)', () => {
    expect(jobCode({ payload: {} })).toBeUndefined();
    expect(jobCode({ payload: { anything: [1, { goes: true }] } })).toBeUndefined();
  });

  test('accepts any JSON as the payload of a result', () => {
    for (const payload of [null, 1, 'x', [1], {}]) {
      expect(
        decode('result', bytesOf({ ...result, payload }), { trust: 'internal' }).payload,
      ).toEqual(payload);
    }
    const { payload: _, ...without } = result;
    const decodeWithout = () => decode('result', bytesOf(without), { trust: 'internal' });
    expect(codeOf(decodeWithout)).toBe('schema_invalid');
  });
});

describe('the id (B22)', () => {
  test.each(['a', 'A-b_9', 'req-12345', 'x'.repeat(64)])('may be %s', (id) => {
    expect(jobCode({ id })).toBeUndefined();
  });

  test.each([
    ...['', 'x'.repeat(65), 'a\n', 'a\nb', '../etc', '*', '#', 'a.b', 'a b'],
    ...['é', 'a\u200b', 'a\u202eb', 'a/b', '{{7*7}}'],
  ])('may not be %j', (id) => {
    expect(jobCode({ id })).toBe('bad_id');
  });

  test('may not be a megabyte long', () => {
    expect(jobCode({ id: 'x'.repeat(1_000_000) })).toBe('bad_id');
  });
});

describe('the timestamp (B23)', () => {
  test.each([
    ...['2026-06-11T14:23:00Z', '2026-06-11T14:23:00.123456Z', '1970-01-01T00:00:00Z'],
    ...['2026-06-11T16:23:00+02:00', '2024-02-29T00:00:00Z', '2026-06-11T14:23:00+00:00'],
  ])('may be %s', (timestamp) => {
    expect(jobCode({ timestamp })).toBeUndefined();
  });

  test.each([
    ...[
      '2026-02-30T00:00:00Z',
      '2025-02-29T00:00:00Z',
      '2026-13-01T00:00:00Z',
      '2026-06-31T00:00:00Z',
    ],
    ...[
      '2026-06-11T24:00:00Z',
      '2026-06-11T14:60:00Z',
      '2026-06-11T14:23:60Z',
      '+275760-09-13T00:00:00Z',
    ],
    ...['1969-12-31T23:59:59Z', '1970-01-01T00:00:00+01:00', '0000-01-01T00:00:00Z'],
    ...[
      '2026-06-11T14:23:00',
      '2026-06-11 14:23:00Z',
      '2026-06-11',
      'now',
      '',
      ' 2026-06-11T14:23:00Z',
    ],
    ...['2026-06-11T14:23:00Z\n', `2026-06-11T14:23:00.${'1'.repeat(100)}Z`],
    ...[1_781_187_780_000, null, true, {}, []],
  ])('may not be %j', (timestamp) => {
    expect(jobCode({ timestamp })).toBe('bad_timestamp');
  });

  const at = (ms: number) => new Date(nowMs + ms).toISOString();

  test('may be a little ahead of the clock, but not ten minutes', () => {
    expect(jobCode({ timestamp: at(4 * 60_000) })).toBeUndefined();
    expect(jobCode({ timestamp: at(10 * 60_000) })).toBe('timestamp_in_future');
    expect(jobCode({ timestamp: '9999-12-31T23:59:59Z' })).toBe('timestamp_in_future');
  });

  test('is compared with the clock when no time is given', () => {
    const timestamp = new Date(Date.now() + 3_600_000).toISOString();
    const decodeNow = () => decode('job', bytesOf(jobOf({ timestamp })), { trust: 'untrusted' });
    expect(codeOf(decodeNow)).toBe('timestamp_in_future');
  });

  test('of a worker whose clock is ahead is no reason to lose its reply', () => {
    const early = { ...reply, timestamp: at(3_600_000) };
    expect(decode('reply', bytesOf(early), { trust: 'untrusted', nowMs })).toEqual(early);
  });
});

describe('metadata (B28)', () => {
  const metadata = (bytes: number) => ({ payload: { metadata: { a: 'x'.repeat(bytes - 8) } } });

  test('may have 32 KiB and not a byte more', () => {
    expect(jobCode(metadata(MAX_METADATA_BYTES))).toBeUndefined();
    expect(jobCode(metadata(MAX_METADATA_BYTES + 1))).toBe('metadata_too_large');
  });

  test('is measured in bytes', () => {
    const payload = { metadata: 'é'.repeat(MAX_METADATA_BYTES / 2) };
    expect(jobCode({ payload })).toBe('metadata_too_large');
  });

  test('is all that is limited: a long text is let through', () => {
    expect(jobCode({ payload: { text: 'x'.repeat(1_000_000), metadata: {} } })).toBeUndefined();
  });

  test('keeps what looks like a template or a formula as it is', () => {
    const payload = { metadata: { a: '{{7*7}}', b: '=cmd|x', c: '() => 1' } };
    expect(decodeJob(jobOf({ payload })).payload).toEqual(payload);
  });
});

describe('content type and encoding (B16, B17)', () => {
  const codeFor = (properties: { contentType?: string; contentEncoding?: string }) =>
    codeOf(() => decode('job', bytesOf(jobOf()), { trust: 'untrusted', nowMs, ...properties }));

  test.each([
    ...['', 'application/json', 'Application/JSON', 'application/json; charset=utf-8'],
    ...['application/json;charset=UTF-8', 'application/json; charset="utf-8"'],
  ])('takes the content type %j', (contentType) => {
    expect(codeFor({ contentType })).toBeUndefined();
  });

  test.each([
    ...[
      'application/x-python-pickle',
      'application/octet-stream',
      'application/msgpack',
      'text/plain',
    ],
    ...[
      'application/xml',
      'application/yaml',
      'multipart/form-data',
      'application/jsonp',
      'text/json',
    ],
    ...[
      'application/json; charset=utf-16',
      'application/json; charset=latin1',
      'application/json\n',
    ],
    ...['application/json; profile=x', 'application/json, text/html'],
  ])('refuses the content type %j', (contentType) => {
    expect(codeFor({ contentType })).toBe('content_type_refused');
  });

  test.each(['', 'identity', 'utf-8', 'UTF-8'])('takes the encoding %j', (contentEncoding) => {
    expect(codeFor({ contentEncoding })).toBeUndefined();
  });

  test.each(['gzip', 'br', 'deflate', 'zstd', 'base64', 'gzip, identity'])(
    'refuses the encoding %j',
    (contentEncoding) => {
      expect(codeFor({ contentEncoding })).toBe('encoding_not_allowed');
    },
  );
});

test('what passed the door cannot change a prototype when it is copied carelessly (B18)', () => {
  const body = bytesOf(
    '{"id":"a","timestamp":"2026-06-11T14:23:00Z","payload":{},"context":{"__proto__":{"x":1}}}',
  );
  expect(codeOf(() => decode('job', body, { trust: 'untrusted', nowMs }))).toBe('forbidden_key');
});
