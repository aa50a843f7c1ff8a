import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mintKey } from '../../../shared/artifacts/keys.ts';
import { largeValues, withValues } from '../../../shared/artifacts/large-values.ts';
import { artifactMarker, referenceTo } from '../../../shared/artifacts/reference.ts';
import { referencesIn } from '../../../shared/artifacts/references.ts';
import type { JsonObject, JsonValue } from '../../../shared/envelope/json.ts';

const LIMIT = 100;
const long = 'x'.repeat(LIMIT + 1);

/** What stands in a message in place of a value. */
function marker(): JsonObject {
  const scope = { tenant: 'default', run: '0f0e5f4e-3f0c-5a57-9d3e-5f6a7b8c9d10' };
  const key = mintKey(scope, Date.parse('2026-06-11T14:23:00Z'));
  const stored = { store: 'folder', key, sha256: 'a'.repeat(64), bytes: 7 };
  return artifactMarker(referenceTo(stored, 'text/plain'));
}

const paths = (object: JsonObject, totalBytes = 0) =>
  largeValues(object, { limitBytes: LIMIT, totalBytes }).map(({ path }) => path.join('/'));

describe('the values that are moved out of a message', () => {
  it('are texts above the limit, wherever they stand', () => {
    const texts = { a: long, b: 'short', c: { d: [1, { e: long }], f: 'short' } };
    expect(paths(texts)).toEqual(['a', 'c/d/1/e']);
  });

  it('are lists and objects of many small values, as a whole, when the rest is too much', () => {
    const small = Array.from({ length: 30 }, () => 'abc');
    const object = { list: small, object: { ...small }, few: ['abc'] };
    expect(paths(object)).toEqual(['list', 'object']);
    expect(paths(object, 2_000)).toEqual([]);
    expect(paths({ ...object, text: long }, 2_000)).toEqual(['text']);
  });

  it('are nothing of the levels that have to stay', () => {
    const small = Array.from({ length: 30 }, () => 'abc');
    const limits = { limitBytes: LIMIT, totalBytes: 0, fixedLevels: 2 } as const;
    const large = largeValues({ payload: { a: small, b: 1 }, context: { ...small } }, limits);
    expect(large.map(({ path }) => path.join('/'))).toEqual(['payload/a']);
  });

  it('are not the list that holds large ones: it can still be mapped over', () => {
    expect(paths({ pages: [long, long, 'short'] })).toEqual(['pages/0', 'pages/1']);
  });

  it('are the list when what is small in it is too large as well', () => {
    expect(paths({ pages: [long, ...Array.from({ length: 30 }, () => 'abc')] })).toEqual(['pages']);
  });

  it('are never something that holds a reference', () => {
    const object = { album: [marker(), ...Array.from({ length: 30 }, () => 'abc')] };
    expect(paths(object)).toEqual([]);
  });

  it('are not references, however many there are', () => {
    expect(paths({ album: Array.from({ length: 50 }, marker) })).toEqual([]);
  });

  it('are measured as JSON: what is escaped takes more', () => {
    expect(paths({ a: '\u0001'.repeat(LIMIT / 5), b: 'é'.repeat(LIMIT / 2) })).toEqual(['a', 'b']);
  });

  it('refuse what looks like a reference and is none', () => {
    const forged = { image: { $artifact: { url: 'http://169.254.169.254/' } } };
    expect(() => largeValues(forged, { limitBytes: LIMIT, totalBytes: 0 })).toThrow(
      'no reference to an artifact',
    );
  });

  const json = fc.jsonValue({ maxDepth: 4 }) as fc.Arbitrary<JsonValue>;
  const object = fc.dictionary(fc.string({ maxLength: 20 }), json, { maxKeys: 8 });

  it('leave a value as it was when they are put back (any value)', () => {
    fc.assert(
      fc.property(object, fc.integer({ min: 2, max: 200 }), (value, limit) => {
        const large = largeValues(value, { limitBytes: limit, totalBytes: 0 });
        const moved = withValues(
          value,
          large.map(({ path }) => ({ path, value: marker() })),
        );
        expect(referencesIn(moved).map(({ path }) => path)).toEqual(large.map(({ path }) => path));
        expect(withValues(moved, large)).toEqual(value);
      }),
    );
  });

  it('leave no member above the limit (any value)', () => {
    fc.assert(
      fc.property(object, fc.integer({ min: 30, max: 200 }), (value, limit) => {
        const large = largeValues(value, { limitBytes: limit, totalBytes: 0 });
        const rest = withValues(
          value,
          large.map(({ path }) => ({ path, value: 0 })),
        );
        for (const member of Object.values(rest)) {
          expect(Buffer.byteLength(JSON.stringify(member))).toBeLessThanOrEqual(
            limit + large.length,
          );
        }
      }),
    );
  });

  it('are none where everything is small (any value)', () => {
    fc.assert(
      fc.property(object, (value) => {
        expect(
          largeValues(value, {
            limitBytes: Buffer.byteLength(JSON.stringify(value)),
            totalBytes: 0,
          }),
        ).toEqual([]);
      }),
    );
  });
});
