import { describe, expect, test } from 'vitest';
import { lightGate, strictGate } from '../../../shared/envelope/gate.ts';
import {
  MAX_BODY_BYTES,
  MAX_DEPTH,
  MAX_INTERNAL_BODY_BYTES,
  MAX_INTERNAL_DEPTH,
  MAX_KEY_LENGTH,
  MAX_MEMBERS,
} from '../../../shared/envelope/limits.ts';
import type { RefusalCode } from '../../../shared/envelope/refusal.ts';
import { bytesOf, codeOf } from './samples.ts';

/** An object whose innermost value lies inside `depth` containers, the object itself included. */
const nested = (depth: number) => `{"a":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`;
const sized = (bytes: number) => bytesOf(`{"a":"${'x'.repeat(bytes - 8)}"}`);
const listed = (members: number) => `{"a":[${'0,'.repeat(members - 2)}0]}`;
const keyed = (members: number) =>
  `{${Array.from({ length: members }, (_, i) => `"k${i}":0`).join()}}`;
const manyKeys = (last: string) =>
  `{${'abcdefghijklmnopqrst'.replace(/./g, '"$&":1,')}"${last}":2}`;

const refused: readonly (readonly [what: string, body: string | Uint8Array, code: RefusalCode])[] =
  [
    ['no bytes (B1)', '', 'empty_body'],
    ['one byte too many (B2)', sized(MAX_BODY_BYTES + 1), 'body_too_large'],
    [
      'a stray byte in a string (B3)',
      Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d),
      'bad_utf8',
    ],
    ['a surrogate encoded in UTF-8 (B3)', Buffer.from('7b2261223a22eda080227d', 'hex'), 'bad_utf8'],
    ['an overlong encoding (B3)', Buffer.from('7b2261223a22c0af227d', 'hex'), 'bad_utf8'],
    ['a byte order mark (B4)', '\ufeff{}', 'bad_json'],
    ['UTF-16', Buffer.from('{"a":1}', 'utf16le'), 'bad_json'],
    ['white space alone', ' \n', 'bad_json'],
    ['a truncated object (B5)', '{"a":1', 'bad_json'],
    ['a truncated string (B5)', '{"a":"b', 'bad_json'],
    ['a truncated escape (B5)', '{"a":"\\u12', 'bad_json'],
    ['a string that ends in a backslash (B5)', '{"a":"\\', 'bad_json'],
    ['a truncated literal (B5)', '{"a":tru', 'bad_json'],
    ['a truncated number (B5)', '{"a":-', 'bad_json'],
    ['something after the end (B5)', '{} x', 'bad_json'],
    ['two documents (B5)', '{}{}', 'bad_json'],
    ['NaN (B5)', '{"a":NaN}', 'bad_json'],
    ['Infinity (B5)', '{"a":-Infinity}', 'bad_json'],
    ['a key without quotes (B5)', '{a:1}', 'bad_json'],
    ['single quotes (B5)', "{'a':1}", 'bad_json'],
    ['a comma at the end of an object (B5)', '{"a":1,}', 'bad_json'],
    ['a comma at the end of an array (B5)', '{"a":[1,]}', 'bad_json'],
    ['a comment (B5)', '{/* */"a":1}', 'bad_json'],
    ['a hexadecimal number (B5)', '{"a":0x1}', 'bad_json'],
    ['a leading zero', '{"a":01}', 'bad_json'],
    ['a leading plus', '{"a":+1}', 'bad_json'],
    ['a number that ends in a dot', '{"a":1.}', 'bad_json'],
    ['an exponent without digits', '{"a":1e}', 'bad_json'],
    ['an unknown escape', '{"a":"\\x41"}', 'bad_json'],
    ['a raw control character in a string', '{"a":"\n"}', 'bad_json'],
    ['a raw NUL in a string', '{"a":"\u0000"}', 'bad_json'],
    ['mismatched brackets', '{"a":[}]', 'bad_json'],
    ['a missing colon', '{"a" 1}', 'bad_json'],
    ['a missing value', '{"a":}', 'bad_json'],
    ['null (B6)', 'null', 'not_an_object'],
    ['an array (B6)', ' [] ', 'not_an_object'],
    ['a string (B6)', '"x"', 'not_an_object'],
    ['a number (B6)', '1', 'not_an_object'],
    ['true (B6)', 'true', 'not_an_object'],
    ['one level too many (B7)', nested(MAX_DEPTH + 1), 'too_deep'],
    ['100,000 arrays (B7)', '['.repeat(100_000) + ']'.repeat(100_000), 'too_deep'],
    ['100,000 arrays never closed (B7)', '['.repeat(100_000), 'too_deep'],
    ['100,000 objects (B7)', '{"a":'.repeat(100_000), 'too_deep'],
    ['one element too many (B8)', listed(MAX_MEMBERS + 1), 'too_many_members'],
    ['one key too many (B8)', keyed(MAX_MEMBERS + 1), 'too_many_members'],
    ['a million empty arrays (B8)', `{"a":[${'[],'.repeat(999_999)}[]]}`, 'too_many_members'],
    [
      'a key one character too long (B8)',
      `{"${'k'.repeat(MAX_KEY_LENGTH + 1)}":1}`,
      'key_too_long',
    ],
    ['a key of a megabyte (B8)', `{"${'k'.repeat(1_000_000)}":1}`, 'key_too_long'],
    ['the same key twice (B9)', '{"id":"a","id":"b"}', 'duplicate_key'],
    ['the same key twice far below (B9)', '{"a":[{"b":{"c":1,"d":2,"c":1}}]}', 'duplicate_key'],
    ['the same key, once escaped (B9)', '{"id":1,"\\u0069d":2}', 'duplicate_key'],
    ['the same key beyond ASCII, once escaped (B9)', '{"é":1,"\\u00e9":2}', 'duplicate_key'],
    ['the same key among many (B9)', manyKeys('c'), 'duplicate_key'],
    ['1e999 (B10)', '{"a":1e999}', 'number_out_of_range'],
    ['-1e999 (B10)', '{"a":-1e999}', 'number_out_of_range'],
    ['a 400-digit integer (B10)', `{"a":${'9'.repeat(400)}}`, 'number_out_of_range'],
    [
      'a fraction with 400 digits before the dot (B12)',
      `{"a":${'9'.repeat(400)}.5}`,
      'number_out_of_range',
    ],
    ['9007199254740993 (B11)', '{"a":9007199254740993}', 'number_not_exact'],
    ['-9007199254740993 (B11)', '{"a":-9007199254740993}', 'number_not_exact'],
    [
      '2^60, which would come out as another number (B11)',
      '{"a":1152921504606846976}',
      'number_not_exact',
    ],
    ['a 30-digit integer (B11)', `{"a":${'1'.repeat(30)}}`, 'number_not_exact'],
    ['an escaped NUL (B13)', '{"a":"x\\u0000y"}', 'nul_character'],
    ['an escaped NUL in a key (B13)', '{"\\u0000":1}', 'nul_character'],
    ['a high surrogate alone (B14)', '{"a":"\\ud800"}', 'bad_unicode'],
    ['a low surrogate alone (B14)', '{"a":"\\udc00"}', 'bad_unicode'],
    ['two low surrogates (B14)', '{"a":"\\udc00\\udc00"}', 'bad_unicode'],
    ['two high surrogates (B14)', '{"a":"\\ud83d\\ud83d\\ude00"}', 'bad_unicode'],
    ['a high surrogate before a letter (B14)', '{"a":"\\uD83Dx"}', 'bad_unicode'],
    ['a high surrogate before a raw pair (B14)', '{"a":"\\ud83d😀"}', 'bad_unicode'],
    ['a lone surrogate in a key (B14)', '{"\\ud800":1}', 'bad_unicode'],
    ['__proto__ (B18)', '{"a":{"__proto__":{"x":1}}}', 'forbidden_key'],
    ['__proto__ with an escape (B18)', '{"__pr\\u006fto__":1}', 'forbidden_key'],
    ['constructor (B19)', '{"a":[{"constructor":{"prototype":{"x":1}}}]}', 'forbidden_key'],
    ['prototype (B19)', '{"prototype":{}}', 'forbidden_key'],
    ['then at the top (B20)', '{"then":1}', 'forbidden_key'],
  ];

describe('the strict gate', () => {
  test.each(refused)('refuses %s', (_what, body, code) => {
    const bytes = typeof body === 'string' ? bytesOf(body) : body;
    expect(codeOf(() => strictGate(bytes))).toBe(code);
  });

  test.each([
    ['the empty object', '{}'],
    ['white space everywhere', ' \t\r\n{ "a" : [ 1 , { } , [ ] ] , "b" : null } \n'],
    ['every escape', '{"a":"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\uDE00"}'],
    ['quotes after backslashes', '{"a":"\\\\","b":"\\\\\\"","c":"\\\\\\\\"}'],
    ['an escape far behind', `{"a":"${'x'.repeat(100)}\\n","b":"${'y'.repeat(100)}","c":"\\t"}`],
    ['empty keys and strings', '{"":"","a":{"":[""]}}'],
    ['names of object members as keys (B20)', '{"toString":1,"a":{"then":2,"hasOwnProperty":3}}'],
    ['the same key in sibling objects', '{"a":{"b":1},"c":{"b":1}}'],
    ['many keys that differ', manyKeys('z')],
    ['the largest safe integer', '{"a":[9007199254740991,-9007199254740991,0,-1]}'],
    ['integers that come out as written', '{"a":[9007199254740992,100000000000000000000]}'],
    ['fractions and exponents', '{"a":[0.1,-0.5,1e5,1E+5,2.5e-7,0e0,1e308,-2.25]}'],
    ['text in any script', '{"a":"Ünïcödé 早上好 👩‍👩‍👧"}'],
    ['exactly the depth allowed', nested(MAX_DEPTH)],
    ['exactly the members allowed', listed(MAX_MEMBERS)],
    ['a key of exactly the length allowed', `{"${'k'.repeat(MAX_KEY_LENGTH)}":1}`],
  ])('lets %s through', (_what, body) => {
    expect(strictGate(bytesOf(body)).value).toEqual(JSON.parse(body));
  });

  test('lets a body of exactly the size allowed through', () => {
    expect(codeOf(() => strictGate(sized(MAX_BODY_BYTES)))).toBeUndefined();
  });

  test('reads a view into a larger buffer', () => {
    const whole = bytesOf('xx{"a":1}xx');
    const view = new Uint8Array(whole.buffer, whole.byteOffset + 2, 7);
    expect(strictGate(view).value).toEqual({ a: 1 });
  });

  test.each(['-0', '-0.0', '-0e5', '-1e-999', '-0.000'])('turns %s into 0 (B12)', (number) => {
    const { value } = strictGate(bytesOf(`{"a":[{"b":${number}}],"c":${number}}`));
    expect(value).toStrictEqual({ a: [{ b: 0 }], c: 0 });
  });

  test('rounds a 400-digit fraction as every reader of JSON does (B12)', () => {
    const { value } = strictGate(bytesOf(`{"a":0.${'1'.repeat(400)}}`));
    expect(value).toEqual({ a: 1 / 9 });
  });

  test.each([
    ['a zero width space', 'a\u200bb'],
    ['a right-to-left override', 'a\u202eb'],
    ['tag characters', 'a\u{e0041}b'],
    ['an escaped override', 'a\\u202eb'],
    ['escaped tag characters', 'a\\udb40\\udc41b'],
  ])('lets %s through and tells of it (B15)', (_what, text) => {
    expect(strictGate(bytesOf(`{"a":"${text}"}`)).invisibleText).toBe(true);
  });

  test.each(['plain', 'Ünïcödé', '👩‍👩‍👧', '\\u00e9\\ud83d\\ude00'])(
    'finds nothing invisible in %s',
    (text) => {
      expect(strictGate(bytesOf(`{"a":"${text}"}`)).invisibleText).toBe(false);
    },
  );

  test('never quotes the body in its errors', () => {
    for (const body of ['{"a":"secret-word"', '{"a":secret-word}', '{"a":1} secret-word']) {
      expect(() => strictGate(bytesOf(body))).toThrow(/^(?!.*secret).*$/s);
    }
  });
});

describe('the light gate', () => {
  test.each([
    ['no bytes', '', 'empty_body'],
    ['one byte too many', sized(MAX_INTERNAL_BODY_BYTES + 1), 'body_too_large'],
    ['one level too many', nested(MAX_INTERNAL_DEPTH + 1), 'too_deep'],
    ['what is no JSON', '{"a":', 'bad_json'],
    ['an array', '[]', 'not_an_object'],
  ] as const)('refuses %s', (_what, body, code) => {
    const bytes = typeof body === 'string' ? bytesOf(body) : body;
    expect(codeOf(() => lightGate(bytes))).toBe(code);
  });

  test.each([
    ['exactly the depth allowed', nested(MAX_INTERNAL_DEPTH)],
    ['more brackets than levels', `{"a":[${'[],{},'.repeat(1_000)}0]}`],
    ['brackets in strings', JSON.stringify({ a: '[{"\\'.repeat(1_000) })],
    ['many members', listed(MAX_MEMBERS * 2)],
  ])('lets %s through', (_what, body) => {
    expect(lightGate(bytesOf(body))).toEqual(JSON.parse(body));
  });
});
