import { describe, expect, it } from 'vitest';
import { problemOf } from '../../support/flow-text.ts';

/** A route whose condition is this expression, behind a step `intent`. */
function routeWhen(expression: string): string {
  const quoted = `'${expression.replaceAll("'", "''")}'`;
  return `- step: intent\n  model: echo\n- route:\n    - when: ${quoted}\n      do: []\n    - do: []`;
}

describe('a CEL trap is refused with a sentence, at its line and column', () => {
  const traps: readonly (readonly [
    expression: string,
    code: string,
    column: number,
    says: RegExp,
  ])[] = [
    ['payload.a and payload.b', 'expression_invalid', 10, /CEL writes && for "and"/],
    ['payload.a or payload.b', 'expression_invalid', 10, /CEL writes \|\| for "or"/],
    ['not payload.a', 'expression_invalid', 4, /CEL writes ! for "not"/],
    ['payload.a is 1', 'expression_invalid', 10, /CEL compares with ==/],
    ['if payload.a then true else false', 'expression_invalid', 0, /condition \? one : other/],
    ['payload.a = 1', 'expression_invalid', 10, /A single = is no operator: compare with ==/],
    ['payload.a === 1', 'expression_invalid', 12, /never with three signs/],
    ['payload.a !== 1', 'expression_invalid', 12, /never with three signs/],
    ['payload.a | payload.b', 'expression_invalid', 10, /A single \| is no operator/],
    ['payload.a & payload.b', 'expression_invalid', 10, /A single & is no operator/],
    ['payload?.a == 1', 'expression_invalid', 8, /written payload\.\?field/],
    ['payload.a ?? true', 'expression_invalid', 11, /CEL has no \?\?/],
    ['payload.list.map(x => x)', 'expression_invalid', 19, /no arrow functions/],
    ['payload.a == `b`', 'expression_invalid', 13, /single or double quotes/],
    ['${payload.a}', 'expression_invalid', 0, /only inside \{ \$text/],
    ['$missing == 1', 'expression_invalid', 0, /belongs to a node/],
    ['payload.a == “b”', 'expression_invalid', 13, /straight quotes/],
    ['payload.a == "b', 'expression_invalid', 13, /unterminated string/],
    ['payload.a ==', 'expression_invalid', 12, /unexpected token: the end/],
    ['true true', 'expression_invalid', 5, /"true" is not expected here/],
    ['', 'expression_invalid', 0, /empty/],
    ['payload.text.matches("a+")', 'function_unknown', 0, /Regular expressions are left out/],
    ['payload.list.length() > 1', 'function_unknown', 0, /The length is size\(x\)/],
    ['len(payload.list) > 1', 'function_unknown', 0, /The length is size\(x\)/],
    ['payload.text.includes("a")', 'function_unknown', 0, /contains\(\)/],
    ['payload.text.startswith("a")', 'function_unknown', 0, /Did you mean "startsWith"/],
    ['cel.bind(x, 1, x == 1)', 'function_unknown', 0, /`set` node/],
    ['1 + "a" == "1a"', 'expression_invalid', 0, /do not go together: int \+ string/],
    ['"text"', 'type_mismatch', 0, /must give true or false, it gives text/],
    ['size(payload.text)', 'type_mismatch', 0, /must give true or false, it gives a number/],
    ['pyload.a == 1', 'name_unknown', 0, /Did you mean "payload"\?/],
    ['intent.label == "a"', 'name_unknown', 0, /is read as context\.intent/],
    ['payload.user-id == 1', 'name_unknown', 13, /payload\['some-id'\]/],
    ['payload.a == True', 'name_unknown', 13, /CEL writes true/],
    ['payload.a == None', 'name_unknown', 13, /CEL writes null/],
    ['payload.a == undefined', 'name_unknown', 13, /payload\.\?field/],
    ['input.a == 1', 'name_unknown', 0, /`payload`/],
    [
      'context.intnt.label == "a"',
      'context_unknown',
      0,
      /visible are intent\. Did you mean "intent"\?.*context\.\?intnt/,
    ],
    [
      'context.locale == "de"',
      'context_unknown',
      0,
      /No earlier node writes context\.locale: visible are intent/,
    ],
    [
      'context.intent.$servedBye == "a"',
      'fact_unknown',
      0,
      /has no fact \$servedBye: it has \$servedBy, \$degraded\. Did you mean/,
    ],
    ['payload.$missing == 1', 'fact_unknown', 0, /context\.<id>\.\$missing/],
    [
      'context["intent"].$servedBy == ""',
      'fact_unknown',
      0,
      /Write context\.intent\.\$servedBy, without brackets/,
    ],
    [
      'payload.a.all(x, payload.b.all(y, payload.c.all(z, x == y)))',
      'comprehension_too_deep',
      34,
      /at most 2 deep/,
    ],
    [
      Array.from({ length: 1_200 }, () => '1')
        .join('+')
        .concat(' > 0'),
      'expression_invalid',
      0,
      /too large/,
    ],
    [`${'('.repeat(40)}true${')'.repeat(40)}`, 'expression_invalid', 0, /too large/],
    [`payload.a == "${'x'.repeat(10_001)}"`, 'expression_invalid', 0, /at most 10000 characters/],
  ];

  it.each(traps.map((trap) => [trap[0].slice(0, 60), ...trap] as const))(
    '%s',
    (_title, expression, code, column, says) => {
      const problem = problemOf(routeWhen(expression));
      expect(problem.message).toMatch(says);
      expect(problem).toMatchObject({ code, line: 9, path: 'do[1].route[0].when' });
      if (!/too large/.test(problem.message)) {
        // The value's quote stands in column 15.
        expect(problem.column).toBe(15 + 1 + column);
      }
    },
  );

  it('a condition that is no text', () => {
    expect(problemOf('- route:\n    - when: true\n      do: []\n    - do: []')).toMatchObject({
      code: 'structure_invalid',
      path: 'do[0].route[0].when',
      message: expect.stringMatching(/written "true" or "false" in quotes/),
    });
  });

  it('every fault of an expression inside a $text is told at its own column', () => {
    const problem = problemOf('- set: greeting\n  value: { $text: "Hello ${pyload.name}!" }');
    expect(problem).toMatchObject({ code: 'name_unknown', path: 'do[0].value.$text', line: 7 });
    expect(problem.column).toBe('    value: { $text: "Hello ${'.length + 1);
  });
});
