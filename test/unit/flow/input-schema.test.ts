import { describe, expect, it } from 'vitest';
import { mintKey } from '../../../shared/artifacts/keys.ts';
import { artifactMarker, referenceTo } from '../../../shared/artifacts/reference.ts';
import type { JsonObject } from '../../../shared/envelope/json.ts';
import { compileInputSchema } from '../../../shared/flow/input-schema.ts';
import { problemsIn } from '../../support/flow-text.ts';

function faults(schema: JsonObject): readonly string[] {
  const compiled = compileInputSchema(schema);
  return 'check' in compiled ? [] : compiled;
}

function check(schema: JsonObject, value: JsonObject): readonly string[] {
  const compiled = compileInputSchema(schema);
  if (!('check' in compiled)) throw new Error(compiled.join('\n'));
  return compiled.check(value);
}

describe('a payload is checked against its input schema', () => {
  const schema: JsonObject = {
    type: 'object',
    required: ['text'],
    additionalProperties: false,
    properties: { text: { type: 'string' }, mode: { enum: ['fast', 'slow'] } },
  };

  it.each([
    [{ text: 'a' }, []],
    [{}, ['/ needs the field "text"']],
    [{ text: 1 }, ['/text must be string']],
    [{ text: 'a', x: 1 }, ['/ has the field "x", which is not known here']],
    [{ text: 'a', mode: 'odd' }, ['/mode must be one of ["fast","slow"]']],
  ])('%j: %j', (payload, problems) => {
    expect(check(schema, payload)).toEqual(problems);
  });
});

describe('a reference to an artifact', () => {
  const key = mintKey({ tenant: 'default', run: '0f0e5f4e-3f0c-5a57-9d3e-5f6a7b8c9d10' }, 0);
  const stored = { store: 'folder', key, sha256: 'a'.repeat(64), bytes: 7 };
  const large = artifactMarker(referenceTo(stored, 'text/plain'));
  const text = { type: 'string', maxLength: 5 };
  const object = (properties: JsonObject): JsonObject => ({
    type: 'object',
    additionalProperties: false,
    required: Object.keys(properties),
    properties,
  });

  it.each([
    ['a text', object({ a: text }), { a: large }, []],
    ['an object', object({ a: object({ b: text }) }), { a: large }, []],
    ['a list', object({ a: { type: 'array', items: text } }), { a: large }, []],
    [
      'an element',
      object({ a: { type: 'array', items: text } }),
      { a: ['b', large, 1] },
      ['/a/2 must be string'],
    ],
    ['one of several shapes', object({ a: { anyOf: [text, { type: 'null' }] } }), { a: large }, []],
    [
      'what is not asked for',
      object({}),
      { a: large },
      ['/ has the field "a", which is not known here'],
    ],
    [
      'one thing, not the others',
      object({ a: text, b: text }),
      { a: large },
      ['/ needs the field "b"'],
    ],
    [
      'a part of one of several shapes, which is left to its reader',
      { anyOf: [object({ kind: { const: 'x' }, a: text }), object({ b: text })] },
      { kind: 'x', a: large },
      [],
    ],
  ] as [string, JsonObject, JsonObject, string[]][])(
    'fits %s',
    (_what, schema, value, problems) => {
      expect(check(schema, value)).toEqual(problems);
    },
  );
});

describe('a schema is refused when', () => {
  it.each<[string, JsonObject, RegExp]>([
    ['a keyword is misspelt', { typ: 'object' }, /unknown keyword: "typ"/],
    ['a type does not exist', { type: 'objet' }, /no JSON Schema/],
    ['a reference leaves it', { $ref: 'https://example.com/a' }, /outside the schema/],
    ['it is asynchronous', { $async: true }, /\$async is not supported/],
    ['a pattern has no maxLength', { type: 'string', pattern: '^a$' }, /needs a maxLength/],
    [
      'a repetition repeats',
      { type: 'string', maxLength: 99, pattern: '^(a+)+$' },
      /run very long/,
    ],
    [
      'an alternative repeats',
      { type: 'string', maxLength: 99, pattern: '^(a|aa)+$' },
      /run very long/,
    ],
    [
      'a group is bounded but repeats',
      { type: 'string', maxLength: 99, pattern: '(x+x+){1,99}y' },
      /run very long/,
    ],
    [
      'it has many repetitions',
      { type: 'string', maxLength: 99, pattern: '^a*a*a*a*b' },
      /run very long/,
    ],
    [
      'it may begin anywhere',
      { type: 'string', maxLength: 99, pattern: 'a*a*a*b' },
      /run very long/,
    ],
    ['it looks around', { type: 'string', maxLength: 99, pattern: '(?=a)a' }, /run very long/],
    ['it refers back', { type: 'string', maxLength: 99, pattern: '(a)\\1' }, /run very long/],
    ['a pattern is none', { type: 'string', maxLength: 99, pattern: '[' }, /no JSON Schema/],
    ['its properties are matched by pattern', { patternProperties: { a: {} } }, /not supported/],
  ])('%s', (_case, schema, says) => {
    expect(faults(schema)[0]).toMatch(says);
  });

  it('and the flow says so at its `input`', () => {
    const text = 'flow: a\nversion: 1\ndescription: A.\ninput: { typ: object }\ndo: []\n';
    expect(problemsIn(text)).toMatchObject([
      { code: 'input_schema_invalid', path: 'input', line: 4 },
    ]);
  });
});

it('the worst pattern that is allowed stays far below a second on the longest text', () => {
  const schema: JsonObject = {
    type: 'object',
    properties: { a: { type: 'string', maxLength: 256, pattern: '^a*a*a*b' } },
  };
  const started = performance.now();
  expect(check(schema, { a: 'a'.repeat(256) })).toHaveLength(1);
  expect(performance.now() - started).toBeLessThan(2_000);
});

it('an ordinary pattern is allowed', () => {
  expect(
    faults({ type: 'string', maxLength: 100, pattern: '^[A-Z]{2}[0-9]+(?:-[a-z])?$' }),
  ).toEqual([]);
});
