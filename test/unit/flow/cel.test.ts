import { describe, expect, it } from 'vitest';
import type { JsonObject, JsonValue } from '../../../shared/envelope/json.ts';
import { compileCel } from '../../../shared/flow/cel.ts';
import { nothing } from '../../../shared/flow/cel-result.ts';

const payload: JsonObject = {
  seven: 7,
  half: 0.5,
  zero: 0,
  big: 9_007_199_254_740_991,
  text: 'Hello',
  empty: '',
  yes: true,
  none: null,
  list: [3, 1, 2],
  many: Array.from({ length: 2_000 }, (_, index) => index),
  map: { a: 1, 'with-hyphen': 2 },
  hasOwnProperty: 'mine',
};

function run(source: string): JsonValue | typeof nothing {
  const program = compileCel(source);
  if (!('run' in program)) throw new Error(JSON.stringify(program));
  return program.run({ payload, context: {} }, 'do[0].when');
}

describe('JSON numbers compute and compare with integers', () => {
  it.each<[string, JsonValue]>([
    ['payload.seven + 1', 8],
    ['1 + payload.seven', 8],
    ['payload.seven - 1', 6],
    ['2 * payload.seven', 14],
    ['payload.seven / 2', 3.5],
    ['7 / payload.half', 14],
    ['payload.seven % 2', 1],
    ['7 % payload.seven', 0],
    ['payload.seven % payload.half', 0],
    ['-payload.seven', -7],
    ['-(payload.seven + 1)', -8],
    ['7 / 2', 3],
    ['7.0 / 2', 3.5],
    ['1 + 0.5', 1.5],
    ['1 + 0.5 + payload.seven', 8.5],
    ['payload.seven == 7', true],
    ['7 == payload.seven', true],
    ['payload.seven != 8', true],
    ['size(payload.list) == 3.0', true],
    ['payload.seven > 6', true],
    ['6.5 < payload.seven', true],
    ['payload.seven >= payload.half', true],
    ['payload.seven in [6, 7]', true],
    ['1 in payload.list', true],
    ['payload.list[0] + payload.list[payload.zero]', 6],
    ['payload.list[payload.seven - 5]', 2],
    ['payload.text.substring(payload.zero, 2)', 'He'],
    ['payload.text.substring(1)', 'ello'],
    ['payload.yes ? 1 : 0.5', 1],
    ['payload.yes ? "a" : null', 'a'],
    ['payload.yes ? (payload.yes ? 1 : "x") : 0.5', 1],
    ['payload.list.sum()', 6],
    ['payload.list.min() + payload.list.max()', 4],
    ['payload.list.sum() / size(payload.list)', 2],
    ['size(payload.list) / 2', 1],
    ['int(payload.half * 4)', 2],
    ['string(payload.seven)', '7'],
    ['double("1.5") + 1', 2.5],
  ])('%s is %j', (source, value) => {
    expect(run(source)).toBe(value);
  });
});

describe('results are JSON', () => {
  it.each<[string, JsonValue]>([
    ['[1, 0.5, "a", null, [true]]', [1, 0.5, 'a', null, [true]]],
    ['{"a": 1, "b": size(payload.list)}', { a: 1, b: 3 }],
    ['payload.list.map(x, x * 2)', [6, 2, 4]],
    ['payload.list.map(x, x > 1, x)', [3, 2]],
    ['payload.list.filter(x, x > 1)', [3, 2]],
    ['payload.map.map(key, key)', ['a', 'with-hyphen']],
    ['payload.list.all(x, x > 0)', true],
    ['payload.list.exists(x, x == 2)', true],
    ['payload.list.exists_one(x, x > 2)', true],
    [
      'payload.list.map(x, payload.list.map(y, x * y))',
      [
        [9, 3, 6],
        [3, 1, 2],
        [6, 2, 4],
      ],
    ],
    ["payload.map['with-hyphen']", 2],
    ['payload.list + [4]', [3, 1, 2, 4]],
    ['payload.text.lowerAscii().split("l")', ['he', '', 'o']],
    ['payload.none == null', true],
    ['has(payload.map.a) && !has(payload.map.b)', true],
    ['"a" in payload.map', true],
    ['payload.?missing.orValue("default")', 'default'],
    ['payload.?text.orValue("default")', 'Hello'],
    ['[payload.?missing, 1]', [1]],
    ['{"a": payload.?missing, "b": payload.?seven}', { b: 7 }],
    ['timestamp("2026-01-01T00:00:00Z")', '2026-01-01T00:00:00.000Z'],
    ['timestamp("2026-01-01T00:00:00Z") < timestamp("2026-01-02T00:00:00Z")', true],
    ['payload.hasOwnProperty', 'mine'],
    ['payload.list.exists(x, x.foo == 1 || x == 2)', true],
  ])('%s', (source, value) => {
    expect(run(source)).toEqual(value);
  });

  it('a path gives the value itself, not a copy', () => {
    expect(run('payload.map')).toBe(payload['map']);
  });

  it('an empty optional is no value', () => {
    expect(run('payload.?missing')).toBe(nothing);
  });
});

describe('an expression that fails says where and why, and is never "false"', () => {
  it.each([
    ['payload.missing', /^do\[0\]\.when: payload has no field 'missing'/],
    ['payload.map.b == 1', /payload\.map has no field 'b'/],
    ['payload.missing == 1 && false', /never/],
    ['context.intent', /context\.intent has no value here/],
    ['payload.text + 1', /these types do not go together: string \+ int/],
    ['payload.text < 1', /string < int/],
    ['payload.seven / 0', /division by zero/],
    ['payload.zero / payload.zero > 0.5', /division by zero/],
    ['payload.seven % payload.zero', /division by zero/],
    ['1 / 0', /division by zero/],
    ['payload.list[7]', /index out of bounds/],
    ['payload.text && true', /requires bool operands, got 'string'/],
    ['payload.seven ? 1 : 2', /must be bool, got 'double'/],
    ['9007199254740993', /cannot hold exactly/],
    ['payload.big + payload.big + 1.0e308 * 10', /Infinity|no JSON number/],
    ['payload.text.map(x, x)', /a list is needed here/],
    ['payload.list.filter(x, x)', /must give true or false/],
    ['[].min()', /the list is empty/],
    ['payload.text.substring(9)', /out of range/],
    ['payload.many.map(x, payload.many.map(y, x)).size()', /more than 100000 iterations/],
    [
      'payload.many.exists(x, payload.many.all(y, payload.many[0] == 0) && x < 0)',
      /more than 100000 iterations/,
    ],
    ['type(payload)', /a type or bytes/],
    ['payload.constructor', /payload has no field 'constructor'/],
    ['payload.__proto__', /no value here|has no field/],
    ['payload.map.toString', /has no field 'toString'/],
  ])('%s', (source, says) => {
    if (source.endsWith('&& false')) return expect(run(source)).toBe(false);
    expect(() => run(source)).toThrow(
      expect.objectContaining({ code: 'expression_failed', message: expect.stringMatching(says) }),
    );
  });
});

it('a list that holds 100,000 results or fewer is converted, a larger product is refused', () => {
  expect(() => run('payload.many.map(x, payload.many)')).toThrow(/more than 200000 values/);
});

it('evaluates in about a microsecond, without parsing or copying again', () => {
  const program = compileCel('context.intent.confidence < 0.6 || payload.seven == 8');
  if (!('run' in program)) throw new Error('no program');
  const values = { payload, context: { intent: { confidence: 0.5 } } };
  const times = Array.from({ length: 5 }, () => {
    const started = performance.now();
    for (let index = 0; index < 20_000; index++) program.run(values, 'when');
    return (performance.now() - started) / 20;
  });
  // Microseconds each; generous, as the machine is shared: parsing anew takes far longer.
  expect(Math.min(...times)).toBeLessThan(20);
});
