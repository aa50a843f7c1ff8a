import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contentOf, valueIn } from '../../../shared/artifacts/value-content.ts';
import type { JsonValue } from '../../../shared/envelope/json.ts';

describe('a value as stored bytes', () => {
  it('is the image that a data URL holds, with its media type', () => {
    const { mediaType, bytes } = contentOf('data:image/png;base64,iVBORw==');
    expect(mediaType).toBe('image/png');
    expect(bytes.toString('hex')).toBe('89504e47');
  });

  it.each([
    ['a text', 'Hello', 'text/plain', 'Hello'],
    ['a list', [1, 'é'], 'application/json', '[1,"é"]'],
    [
      'a data URL whose base64 is written in another way',
      'data:image/png;base64,iVBORx==',
      'text/plain',
      'data:image/png;base64,iVBORx==',
    ],
    [
      'a data URL with parameters',
      'data:image/png;a=b;base64,AAAA',
      'text/plain',
      'data:image/png;a=b;base64,AAAA',
    ],
    [
      'a data URL of text',
      'data:text/plain;base64,AAAA',
      'text/plain',
      'data:text/plain;base64,AAAA',
    ],
    ['a data URL without base64', 'data:image/png,abc', 'text/plain', 'data:image/png,abc'],
  ])('is for %s what it says', (_what, value, mediaType, bytes) => {
    const content = contentOf(value as JsonValue);
    expect([content.mediaType, content.bytes.toString()]).toEqual([mediaType, bytes]);
  });

  it('is the same value again when it is read (any value)', () => {
    const noNul = (value: JsonValue) => !JSON.stringify(value).includes('\\u0000');
    const base64 = fc
      .uint8Array()
      .map((bytes) => `data:image/png;base64,${Buffer.from(bytes).toString('base64')}`);
    const text = fc.string({ unit: 'grapheme' });
    const json = fc.jsonValue({ stringUnit: 'grapheme', maxDepth: 3 }) as fc.Arbitrary<JsonValue>;
    fc.assert(
      fc.property(fc.oneof(text, base64, json).filter(noNul), (value) => {
        fc.pre(!hasForbiddenKey(value));
        expect(valueIn(contentOf(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it.each([
    ['half of a surrogate pair', 'a\ud800', 'bad_unicode'],
    ['a NUL', 'a\0', 'nul_character'],
    ['a NUL deep down', [{ a: 'b\0' }], 'nul_character'],
    ['a key that no message may have', JSON.parse('[{"__proto__":1}]'), 'forbidden_key'],
  ])('does not take %s', (_what, value, code) => {
    expect(() => contentOf(value as JsonValue)).toThrow(expect.objectContaining({ code }));
  });

  it.each([
    ['text that is no UTF-8', 'text/plain', Buffer.from([0xff]), 'bad_utf8'],
    ['text with a NUL', 'text/plain', Buffer.from('a\0'), 'nul_character'],
    ['JSON that is none', 'application/json', Buffer.from('{'), 'bad_json'],
    [
      'JSON with the same key twice',
      'application/json',
      Buffer.from('{"a":1,"a":2}'),
      'duplicate_key',
    ],
    ['JSON that is nested too deep', 'application/json', Buffer.from('['.repeat(100)), 'too_deep'],
  ])('is refused when it is %s', (_what, mediaType, bytes, code) => {
    expect(() => valueIn({ mediaType, bytes })).toThrow(expect.objectContaining({ code }));
  });
});

function hasForbiddenKey(value: JsonValue): boolean {
  return /"(__proto__|constructor|prototype)":/.test(JSON.stringify(value));
}
