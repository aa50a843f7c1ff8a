import type { MessageCase } from '../corpus/case.ts';
import { casesAt, gatedEntrances, outcomesAt } from '../corpus/cases-of.ts';

/** B9 to B15 and B18 to B20: JSON that other readers understand otherwise, or that does harm later. */

const planted = (what: string, code: string, payload: string) => ({
  what,
  code,
  planted: { payload },
});

export const jsonCases: readonly MessageCase[] = [
  ...casesAt(9, gatedEntrances, [
    { what: 'two ids', code: 'duplicate_key', planted: { top: '"id":"other"' } },
    planted('a key twice', 'duplicate_key', '"a":1,"a":2'),
    planted('the second time as an escape', 'duplicate_key', '"ab":1,"\\u0061b":2'),
    planted('deep inside', 'duplicate_key', '"x":[{"y":{"a":1,"b":2,"a":3}}]'),
  ]),

  ...casesAt(10, gatedEntrances, [
    planted('1e999', 'number_out_of_range', '"a":1e999'),
    planted('-1e400', 'number_out_of_range', '"a":[-1e400]'),
    planted('400 digits', 'number_out_of_range', `"a":${'9'.repeat(400)}.5`),
  ]),

  ...casesAt(11, gatedEntrances, [
    planted('2^53 + 1', 'number_not_exact', '"a":9007199254740993'),
    planted('a twitter id', 'number_not_exact', '"a":10765432100123456789'),
  ]),

  ...casesAt(12, gatedEntrances, [
    planted('an integer of 300 digits', 'number_not_exact', `"a":${'1'.repeat(300)}`),
    planted('a zero in front', 'bad_json', '"a":007'),
    planted('a minus alone', 'bad_json', '"a":-'),
  ]),
  ...outcomesAt(12, 'job', [
    planted('a negative zero', 'succeeded', '"a":-0'),
    planted('a fraction of 400 digits', 'succeeded', `"a":0.${'3'.repeat(400)}`),
  ]),

  ...casesAt(13, gatedEntrances, [
    planted('NUL in a text', 'nul_character', '"a":"x\\u0000y"'),
    planted('NUL in a key', 'nul_character', '"x\\u0000":1'),
    { what: 'NUL in the context', code: 'nul_character', planted: { context: '"a":"\\u0000"' } },
  ]),

  ...casesAt(14, gatedEntrances, [
    planted('a high half', 'bad_unicode', '"a":"\\ud800"'),
    planted('a low half', 'bad_unicode', '"a":"\\udc00x"'),
    planted('halves in the wrong order', 'bad_unicode', '"a":"\\udc00\\ud800"'),
    planted('a high half in a key', 'bad_unicode', '"\\ud83d":1'),
  ]),

  ...outcomesAt(15, 'job', [
    planted('a right-to-left override in a text', 'succeeded', '"a":"abc\u202edef"'),
    planted('zero width spaces in a text', 'succeeded', '"a":"a\u200bb\ufeff"'),
    planted('tag characters in a text', 'succeeded', '"a":"hi\u{e0041}\u{e0042}"'),
  ]),
  ...casesAt(
    15,
    ['job', 'operation'],
    [
      {
        what: 'a bidi override in the id',
        code: 'bad_id',
        planted: { instead: { id: '"a\u202eb"' } },
      },
      {
        what: 'a zero width space in the id',
        code: 'bad_id',
        planted: { instead: { id: '"a\u200b"' } },
      },
      {
        what: 'tag characters in the id',
        code: 'bad_id',
        planted: { instead: { id: '"a\u{e0041}"' } },
      },
    ],
  ),
  ...casesAt(
    15,
    ['job'],
    [
      {
        what: 'a bidi override in the name of the flow',
        code: 'flow_unknown',
        routingKey: 'hos\u202etile',
      },
      {
        what: 'a zero width space in the name of the flow',
        code: 'flow_unknown',
        routingKey: 'hostile\u200b',
      },
    ],
  ),

  ...casesAt(18, gatedEntrances, [
    planted('__proto__', 'forbidden_key', '"__proto__":{"polluted":true}'),
    planted('__proto__ as an escape', 'forbidden_key', '"\\u005f_proto__":{"polluted":true}'),
    { what: '__proto__ at the top', code: 'forbidden_key', planted: { top: '"__proto__":{}' } },
    {
      what: '__proto__ in the context',
      code: 'forbidden_key',
      planted: { context: '"a":{"__proto__":null}' },
    },
  ]),

  ...casesAt(19, gatedEntrances, [
    planted('constructor.prototype', 'forbidden_key', '"constructor":{"prototype":{"polluted":1}}'),
    planted('prototype', 'forbidden_key', '"a":[{"prototype":{"polluted":1}}]'),
    {
      what: 'constructor in the context',
      code: 'forbidden_key',
      planted: { context: '"constructor":1' },
    },
  ]),

  ...casesAt(20, gatedEntrances, [
    { what: 'then at the top', code: 'forbidden_key', planted: { top: '"then":"x"' } },
  ]),
  ...outcomesAt(20, 'job', [
    planted('toString', 'succeeded', '"toString":"x","valueOf":1'),
    planted('hasOwnProperty', 'succeeded', '"metadata":{"hasOwnProperty":1,"isPrototypeOf":2}'),
    planted('then deeper', 'succeeded', '"metadata":{"then":"x","catch":1}'),
    {
      what: 'toString in the context',
      code: 'succeeded',
      planted: { context: '"toString":1,"length":-1' },
    },
  ]),
];
