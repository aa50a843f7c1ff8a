import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { JsonValue } from '../../../shared/envelope/json.ts';
import { ContractError } from '../../../shared/errors/errors.ts';
import { compileCel } from '../../../shared/flow/cel.ts';
import { compileSource, readFlow } from '../../../shared/flow/load.ts';
import { loadFlowFolder } from '../../../shared/flow/load-folder.ts';
import { formatProblem } from '../../../shared/flow/problem.ts';

const examples = loadFlowFolder('infra/flows').map(({ file }) => readFileSync(file, 'utf8'));
const seed = 20_261_123;

/** Loads a text; whatever is wrong is a listed problem with a place, and nothing is thrown. */
function loadSafely(text: string): void {
  const source = readFlow(text, 'f.yaml');
  const result = 'definition' in source ? compileSource(source) : source;
  if ('flow' in result) {
    expect(result.flow.digest).toHaveLength(64);
    return;
  }
  expect(result.length).toBeGreaterThan(0);
  for (const problem of result) {
    expect(problem.code).toMatch(/^[a-z][a-z0-9_]*$/);
    expect(problem.line).toBeGreaterThan(0);
    expect(problem.column).toBeGreaterThan(0);
    expect(problem.line).toBeLessThanOrEqual(text.split('\n').length);
    expect(formatProblem(problem).length).toBeLessThan(3_000);
  }
}

it('random text never crashes the loader', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 300 }), loadSafely), {
    numRuns: 500,
    seed,
  });
});

it('text that looks like YAML never crashes the loader', () => {
  const piece = fc.constantFrom(
    'flow: ',
    'do:',
    '- ',
    '  ',
    '\n',
    ': ',
    '{',
    '}',
    '[',
    ']',
    '"',
    "'",
    '&a ',
    '*a',
    '!',
    '#',
    '|',
    '>',
    '?',
    '%',
    '\t',
    'step: a',
    'model: m',
    'when: ',
    '$text: ',
    '${',
    'x',
    '1',
    '---\n',
  );
  const text = fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join(''));
  fc.assert(fc.property(text, loadSafely), { numRuns: 1_000, seed });
});

it('a shipped flow with a few characters changed never crashes the loader', () => {
  const change = fc.record({
    at: fc.double({ min: 0, max: 0.999, noNaN: true }),
    drop: fc.nat(6),
    add: fc.string({ maxLength: 4 }),
  });
  const text = fc
    .tuple(fc.constantFrom(...examples), fc.array(change, { minLength: 1, maxLength: 4 }))
    .map(([start, changes]) =>
      changes.reduce((now, { at, drop, add }) => {
        const index = Math.floor(at * now.length);
        return now.slice(0, index) + add + now.slice(index + drop);
      }, start),
    );
  fc.assert(fc.property(text, loadSafely), { numRuns: 300, seed });
});

it('random trees of flow keys never crash the compiler', () => {
  const word = fc.constantFrom(
    'step',
    'model',
    'input',
    'parallel',
    'branches',
    'branch',
    'do',
    'route',
    'when',
    'refine',
    'draft',
    'critic',
    'improve',
    'cascade',
    'models',
    'accept',
    'map',
    'over',
    'set',
    'value',
    'fail',
    'flow',
    'of',
    'join',
    'merge',
    'score',
    'retry',
    'on',
    'fallback',
    'breaker',
    'onOpen',
    'onFailure',
    'stale',
    'default',
    'validate',
    'reask',
    'cache',
    'wait',
    'ask',
    'within',
    'onTimeout',
    'answer',
    '$text',
    '$value',
  );
  const leaf = fc.constantFrom<JsonValue>(
    'a',
    'b',
    'm',
    'payload.x',
    'context.a',
    'previous',
    'output.y',
    'true',
    '1 +',
    'best',
    'vote',
    'any',
    '3s',
    1,
    true,
    null,
    '',
  );
  const tree = fc.letrec<{ value: JsonValue }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 6, withCrossShrink: true },
      leaf,
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(word, tie('value'), { maxKeys: 5 }),
    ),
  })).value;
  const text = fc
    .array(tree, { maxLength: 4 })
    .map((nodes) =>
      JSON.stringify({ flow: 'a', version: 1, description: 'A.', input: {}, do: nodes }),
    );
  fc.assert(fc.property(text, loadSafely), { numRuns: 500, seed });
});

it('an expression on random data gives JSON or fails as expression_failed', () => {
  const sources = [
    'payload.a + payload.b',
    'payload.a == payload.b',
    'payload.a < payload.b',
    'payload.a.b.c',
    'payload.a[payload.b]',
    'payload.a.map(x, x + payload.b)',
    'payload.a in payload.b',
    'payload.a ? payload.b : 1',
    '-payload.a',
    '!payload.a',
    'size(payload.a) / size(payload.b)',
    'payload.?a.orValue(payload.b)',
    'has(payload.a.b)',
    '{payload.a: payload.b}',
    '[payload.a, [payload.b]]',
    'string(payload.a) + "x"',
    'payload.a % payload.b',
    'payload.a.all(x, x == payload.b)',
    'int(payload.a)',
    'payload.a.substring(payload.b)',
    'payload',
  ];
  const programs = sources.map((source) => {
    const program = compileCel(source);
    if (!('run' in program)) throw new Error(source);
    return program;
  });
  const payload = fc.record({ a: fc.jsonValue(), b: fc.jsonValue() }, { requiredKeys: [] });
  fc.assert(
    fc.property(fc.constantFrom(...programs), payload, (program, data) => {
      try {
        const value = program.run({ payload: data as JsonValue }, 'here');
        if (typeof value !== 'symbol')
          expect(JSON.parse(JSON.stringify(value))).toEqual(JSON.parse(JSON.stringify(value)));
      } catch (error) {
        expect(error).toBeInstanceOf(ContractError);
        expect(error).toMatchObject({
          code: 'expression_failed',
          message: expect.stringMatching(/^here: /),
        });
      }
    }),
    { numRuns: 2_000, seed },
  );
});
