import { describe, expect, test } from 'vitest';
import { openDelivery } from '../../../shared/envelope/open-delivery.ts';
import type { Delivery } from '../../../shared/transport/transport.ts';
import { bytesOf, codeOf, deliveryOf, jobOf, nowMs, reply, request } from './samples.ts';

const open = (changes: Partial<Delivery>, job: unknown = jobOf()) =>
  openDelivery('job', deliveryOf(bytesOf(job), changes), { nowMs });
const codeFor = (changes: Partial<Delivery>) => codeOf(() => open(changes));

describe('opening a delivery', () => {
  test('needs nothing but a body', () => {
    expect(open({})).toEqual(jobOf());
  });

  test('does not believe the sender about type, ids and counters (B27, B31)', () => {
    const forged = {
      type: 'reply',
      messageId: '../x',
      correlationId: '#'.repeat(1000),
      userId: 'root',
      redelivered: true,
      deliveryCount: 1e9,
      headers: { 'x-delivery-count': -1, 'x-acquired-count': 1e9, 'flotilla-priority': 1e9 },
    };
    expect(open(forged)).toEqual(jobOf());
  });

  test.each([
    [
      'two headers more than anybody needs',
      Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`h${i}`, i])),
    ],
    [
      'ten thousand headers',
      Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`h${i}`, i])),
    ],
    ['a long value', { h: 'x'.repeat(16 * 1024) }],
    ['a long name', { ['x'.repeat(16 * 1024)]: 1 }],
    ['nested values', { h: Array.from({ length: 100 }, () => 'x') }],
    ['deeply nested values', { h: JSON.parse('['.repeat(200) + ']'.repeat(200)) }],
  ])('refuses %s (B30)', (_what, headers) => {
    expect(codeFor({ headers: headers as Delivery['headers'] })).toBe('headers_too_large');
  });

  test("lets what the broker writes into a message's headers through", () => {
    const death = [{ count: 3, queue: 'jobs', reason: 'rejected', 'routing-keys': ['support'] }];
    const headers = { 'x-death': death, 'x-first-death-queue': 'jobs' };
    expect(open({ headers: headers as unknown as Delivery['headers'] })).toEqual(jobOf());
  });

  test.each([999, 2, 0, -1, 1.5, '1', 'x', true, Number.NaN])(
    'refuses schema version %j (B25)',
    (version) => {
      expect(codeFor({ headers: { 'flotilla-schema-version': version } })).toBe(
        'unsupported_version',
      );
    },
  );

  test('takes schema version 1', () => {
    expect(open({ headers: { 'flotilla-schema-version': 1 } })).toEqual(jobOf());
  });

  test('looks at properties before it looks at the body', () => {
    const broken = deliveryOf(bytesOf('{'), { contentType: 'text/html' });
    expect(codeOf(() => openDelivery('job', broken))).toBe('content_type_refused');
    const compressed = deliveryOf(bytesOf(''), { contentEncoding: 'gzip' });
    expect(codeOf(() => openDelivery('job', compressed))).toBe('encoding_not_allowed');
  });

  test('holds a reply to the full gate, for its payload is a model’s', () => {
    const body = bytesOf({ ...reply, payload: { text: '\u0000' } });
    expect(codeOf(() => openDelivery('reply', deliveryOf(body)))).toBe('nul_character');
  });

  test('holds a request to size and depth alone, unless it is told not to trust it', () => {
    const delivery = deliveryOf(bytesOf({ ...request, payload: { text: '\u0000' } }));
    expect(openDelivery('request', delivery).payload).toEqual({ text: '\u0000' });
    const wary = () => openDelivery('request', delivery, { trust: 'untrusted' });
    expect(codeOf(wary)).toBe('nul_character');
  });

  test('tells of text that a person cannot see (B15)', () => {
    let told = 0;
    const options = { nowMs, onInvisibleText: () => (told += 1) };
    const hidden = jobOf({ payload: { text: 'pay\u202eload' } });
    openDelivery('job', deliveryOf(bytesOf(hidden)), options);
    openDelivery('job', deliveryOf(bytesOf(jobOf())), options);
    expect(told).toBe(1);
  });
});
