import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decode, encode } from '../../../shared/envelope/codec.ts';
import { strictGate } from '../../../shared/envelope/gate.ts';
import { refusals } from '../../../shared/envelope/refusal.ts';
import { bytesOf, codeOf, jobOf, nowMs, reply } from './samples.ts';

const key = fc
  .string({ unit: 'grapheme', maxLength: 40 })
  .filter((name) => !['__proto__', 'constructor', 'prototype', 'then'].includes(name));
const text = fc
  .string({ unit: 'grapheme', maxLength: 200 })
  .map((value) => value.replaceAll('\u0000', ''));
const number = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double({ noDefaultInfinity: true, noNaN: true }).map((value) => value + 0),
);
const { object } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 6 },
    fc.constantFrom(null, true, false),
    number,
    text,
    fc.array(tie('value'), { maxLength: 20 }),
    tie('object'),
  ),
  object: fc.dictionary(key, tie('value'), { maxKeys: 20, noNullPrototype: true }),
}));

const codes = new Set<string>(Object.keys(refusals));

test('whatever JSON.stringify writes of an object passes and is equal', () => {
  fc.assert(
    fc.property(object, fc.nat(2), (value, indent) => {
      const written = JSON.stringify(value, null, indent);
      expect(strictGate(bytesOf(written)).value).toEqual(JSON.parse(written));
    }),
    { numRuns: 1_000 },
  );
});

test('what passes is what JSON.parse reads, and what JSON.parse refuses never passes', () => {
  const snippet = fc.constantFrom(
    ...[
      '{',
      '}',
      '[',
      ']',
      '"',
      ':',
      ',',
      '\\',
      '\\u',
      'd83d',
      '0000',
      '-',
      '0',
      '1',
      '.',
      'e',
      ' ',
    ],
    ...['"a"', '"b":', 'null', 'true', '\n', 'é', '\u2028', '99999999999999999', '{"a":'],
  );
  fc.assert(
    fc.property(fc.array(snippet, { maxLength: 24 }), (parts) => {
      const body = parts.join('');
      const code = codeOf(() => strictGate(bytesOf(body)));
      let readable = true;
      try {
        JSON.parse(body);
      } catch {
        readable = false;
      }
      expect(readable || code !== undefined).toBe(true);
      if (readable) expect(code).not.toBe('bad_json');
    }),
    { numRuns: 5_000 },
  );
});

const mutation = fc.record({
  at: fc.nat(),
  kind: fc.constantFrom('set', 'insert', 'delete', 'cut', 'repeat'),
  byte: fc.nat(255),
});

function mutate(bytes: Uint8Array, { at, kind, byte }: { at: number; kind: string; byte: number }) {
  const list = [...bytes];
  const index = at % (list.length + 1);
  if (kind === 'set') list[index] = byte;
  if (kind === 'insert') list.splice(index, 0, byte);
  if (kind === 'delete') list.splice(index, 1);
  if (kind === 'cut') list.length = index;
  if (kind === 'repeat') list.splice(index, 0, ...list.slice(index, index + byte));
  return Uint8Array.from(list);
}

test.each([
  ['job', encode('job', jobOf())],
  ['reply', encode('reply', reply)],
] as const)(
  'a %s with any bytes changed is a valid envelope or has a known code',
  (type, valid) => {
    fc.assert(
      fc.property(fc.array(mutation, { minLength: 1, maxLength: 4 }), (mutations) => {
        const bytes = mutations.reduce(mutate, valid);
        for (const trust of ['untrusted', 'internal'] as const) {
          const code = codeOf(() => {
            const envelope = decode(type, bytes, { trust, nowMs });
            // A valid envelope can go on through the fleet as it is.
            expect(decode(type, encode(type, envelope), { trust, nowMs })).toEqual(envelope);
          });
          if (code !== undefined) expect(codes).toContain(code);
        }
      }),
      { numRuns: 1_500 },
    );
  },
);
