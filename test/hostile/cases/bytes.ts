import { brotliCompressSync, gzipSync } from 'node:zlib';
import { MAX_BODY_BYTES, MAX_MEMBERS } from '../../../shared/envelope/limits.ts';
import type { MessageCase } from '../corpus/case.ts';
import {
  allEntrances,
  casesAt,
  gatedEntrances,
  outcomesAt,
  withLetters,
} from '../corpus/cases-of.ts';

/** B1 to B7 and B16, B17: bytes that are no JSON, or not what their properties say. */

const inString = (bytes: readonly number[]) => (good: string) => {
  const [head = '', tail = ''] = good.split('"context":{}');
  return Buffer.concat([
    Buffer.from(`${head}"context":{"a":"`),
    Buffer.from(bytes),
    Buffer.from(`"}${tail}`),
  ]);
};

const nested = (depth: number) => `"deep":${'['.repeat(depth)}${']'.repeat(depth)}`;

export const bytesCases: readonly MessageCase[] = [
  ...casesAt(1, withLetters, [{ what: 'no bytes', code: 'empty_body', body: () => '' }]),

  ...casesAt(2, gatedEntrances, [
    {
      what: 'one byte more than is looked at',
      code: 'body_too_large',
      body: (good) => good.padEnd(MAX_BODY_BYTES + 1),
    },
  ]),
  ...outcomesAt(2, 'job', [
    {
      what: 'more than the broker takes',
      code: 'refused by the broker or parked body_too_large',
      body: (good) => good.padEnd(16 * 1024 * 1024 + 1),
    },
    {
      what: 'more than a message may have',
      code: 'refused message_too_large',
      planted: { payload: `"more":"${'x'.repeat(256 * 1024)}"` },
    },
  ]),

  ...casesAt(3, gatedEntrances, [
    { what: 'bytes ff fe', code: 'bad_utf8', body: inString([0xff, 0xfe]) },
    { what: 'an overlong slash', code: 'bad_utf8', body: inString([0xc0, 0xaf]) },
    { what: 'a surrogate in UTF-8', code: 'bad_utf8', body: inString([0xed, 0xa0, 0x80]) },
    { what: 'half of a character', code: 'bad_utf8', body: inString([0xe2, 0x82]) },
    { what: 'UTF-16', code: 'bad_utf8', body: (good) => Buffer.from(`\u{feff}${good}`, 'utf16le') },
  ]),
  ...casesAt(3, ['letter'], [{ what: 'bytes ff fe', code: '', body: () => Buffer.of(0xff, 0xfe) }]),

  ...casesAt(4, allEntrances, [
    { what: 'a byte order mark', code: 'bad_json', body: (good) => `\u{feff}${good}` },
  ]),

  ...casesAt(5, withLetters, [
    { what: 'the first half', code: 'bad_json', body: (good) => good.slice(0, good.length / 2) },
    { what: 'something behind the end', code: 'bad_json', body: (good) => `${good} x` },
    { what: 'two documents', code: 'bad_json', body: (good) => `${good}\n${good}` },
  ]),
  ...casesAt(5, allEntrances, [
    { what: 'NaN', code: 'bad_json', planted: { payload: '"a":NaN' } },
    { what: 'a comma too many', code: 'bad_json', planted: { payload: '"a":[1,]' } },
    { what: 'single quotes', code: 'bad_json', planted: { payload: "'a':1" } },
    { what: 'a comment', code: 'bad_json', planted: { payload: '/* x */"a":1' } },
    { what: 'a hexadecimal number', code: 'bad_json', planted: { payload: '"a":0x10' } },
    {
      what: 'a control character in a string',
      code: 'bad_json',
      planted: { payload: '"a":"\u0001"' },
    },
  ]),

  ...casesAt(6, allEntrances, [
    { what: 'null', code: 'not_an_object', body: () => 'null' },
    { what: 'a list', code: 'not_an_object', body: (good) => `[${good}]` },
    { what: 'a text', code: 'not_an_object', body: () => '"x"' },
    { what: 'a number', code: 'not_an_object', body: () => '1' },
  ]),
  ...casesAt(6, ['letter'], [{ what: 'null', code: '', body: () => 'null' }]),

  ...casesAt(7, withLetters, [
    { what: '100,000 lists', code: 'too_deep', planted: { payload: nested(100_000) } },
    { what: '100,000 open lists', code: 'too_deep', body: () => '['.repeat(100_000) },
    {
      what: '50,000 objects',
      code: 'too_deep',
      planted: { payload: `"deep":${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}` },
    },
  ]),
  ...casesAt(7, gatedEntrances, [
    { what: 'one level too many', code: 'too_deep', planted: { payload: nested(63) } },
  ]),

  ...casesAt(8, gatedEntrances, [
    {
      what: '100,001 elements',
      code: 'too_many_members',
      planted: { payload: `"a":[${'0,'.repeat(MAX_MEMBERS)}0]` },
    },
    {
      what: '100,001 keys',
      code: 'too_many_members',
      planted: {
        payload: `"a":{${Array.from({ length: MAX_MEMBERS + 1 }, (_, at) => `"${at}":0`).join(',')}}`,
      },
    },
    { what: 'a key of 1 MB', code: 'key_too_long', planted: { payload: `"${'k'.repeat(1e6)}":1` } },
    {
      what: 'a key of 257 characters',
      code: 'key_too_long',
      planted: { context: `"${'k'.repeat(257)}":1` },
    },
  ]),

  ...casesAt(16, allEntrances, [
    {
      what: 'gzip, and says so',
      code: 'encoding_not_allowed',
      body: (good) => gzipSync(good),
      properties: { contentEncoding: 'gzip' },
    },
    {
      what: 'a brotli bomb of 64 MiB',
      code: 'encoding_not_allowed',
      body: () => brotliBomb(),
      properties: { contentEncoding: 'br' },
    },
    {
      what: 'an encoding that nobody knows',
      code: 'encoding_not_allowed',
      properties: { contentEncoding: '../../gzip' },
    },
  ]),
  ...casesAt(16, gatedEntrances, [
    { what: 'gzip, and does not say so', code: 'bad_utf8', body: (good) => gzipSync(good) },
  ]),

  ...casesAt(
    17,
    allEntrances,
    [
      'application/x-python-pickle',
      'application/octet-stream',
      'application/x-msgpack',
      'application/xml',
      'application/yaml',
      'multipart/form-data; boundary=x',
      'application/json; charset=utf-16',
      'application/json, text/html',
    ].map((contentType) => ({
      what: contentType,
      code: 'content_type_refused',
      properties: { contentType },
    })),
  ),
];

let bomb: Buffer | undefined;

function brotliBomb(): Buffer {
  bomb ??= brotliCompressSync(Buffer.alloc(64 * 1024 * 1024));
  return bomb;
}
