import { describe, expect, it } from 'vitest';
import type { JsonObject, JsonValue } from '../../../shared/envelope/json.ts';
import { flowOf } from '../../support/flow-text.ts';
import { RunDriver } from '../../support/run-driver.ts';

type Answer = (input: JsonObject, path: string) => JsonObject | 'fails';

/** Runs flow text on the engine; models are functions of their input. Gives the result and the paths in the order they ran. */
function play(
  nodes: string,
  models: Readonly<Record<string, Answer>>,
  {
    payload = {},
    context = {},
    output = '',
  }: { payload?: JsonObject; context?: JsonObject; output?: string } = {},
): {
  result: JsonValue;
  status: string;
  code: string | undefined;
  message: string | undefined;
  paths: readonly string[];
  driver: RunDriver;
} {
  const driver = new RunDriver(flowOf(nodes, output).flow, { payload, context });
  driver.accept();
  const paths: string[] = [];
  for (let path = driver.open[0]; path !== undefined; path = driver.open[0]) {
    const at = path;
    const dispatch = driver.dispatches.findLast((command) => command.path === at);
    if (dispatch === undefined) throw new Error(`no dispatch of ${at}`);
    paths.push(at);
    const answer = models[dispatch.model]?.(dispatch.input, at) ?? {};
    if (answer === 'fails') driver.failWith(at, { retryable: false });
    else driver.succeed(at, answer);
  }
  const { status, error } = driver.run;
  return {
    result: driver.result.payload,
    status,
    code: error?.code,
    message: error?.message,
    paths,
    driver,
  };
}

describe('a compiled flow runs on the engine', () => {
  it('a route takes its branch and `previous` is what that branch gave', () => {
    const nodes =
      '- route:\n    - when: payload.n > 1\n      do: [{ step: a, model: echo, input: { v: "1" } }]\n    - do: []\n- { step: b, model: echo, input: { previous: previous } }';
    const echo: Answer = (input) => input;
    expect(play(nodes, { echo }, { payload: { n: 2 } }).result).toEqual({ previous: { v: 1 } });
    expect(play(nodes, { echo }, { payload: { n: 1 } }).result).toEqual({ previous: { n: 1 } });
    expect(play(nodes, { echo }, { payload: {} })).toMatchObject({
      status: 'failed',
      code: 'expression_failed',
      message: expect.stringMatching(/do\[0\]\.route\[0\]\.when: payload has no field 'n'/),
    });
  });

  it('a branch that ends with what another only passes keeps its own value', () => {
    const nodes =
      '- route:\n    - when: payload.short\n      do: [{ set: x, value: "1" }]\n    - do: [{ set: x, value: "2" }, { set: y, value: "3" }]\n- set: z\n  value: previous';
    expect(play(nodes, {}, { payload: { short: true } }).result).toBe(1);
    expect(play(nodes, {}, { payload: { short: false } }).result).toBe(3);
  });

  it('no branch of a route that holds is no_route', () => {
    expect(
      play('- route:\n    - when: payload.n > 1\n      do: []', {}, { payload: { n: 1 } }).code,
    ).toBe('no_route');
  });

  it('a condition that gives no boolean fails', () => {
    const { code, message } = play(
      '- route:\n    - when: payload.n\n      do: []\n    - do: []',
      {},
      { payload: { n: 1 } },
    );
    expect(code).toBe('expression_failed');
    expect(message).toMatch(/must give true or false, it gives a number/);
  });

  it('an input that is no object fails as input_not_object', () => {
    expect(
      play('- { step: a, model: echo, input: payload.n }', {}, { payload: { n: 1 } }).code,
    ).toBe('input_not_object');
  });

  it('refine stops when it is good enough and the best draft wins, with the rounds told', () => {
    const nodes =
      '- refine: r\n  draft: { model: writer }\n  critic: { model: critic, input: { draft: context.draft.text, round: round } }\n  improve: { model: editor, input: { draft: context.draft.text, problems: context.critic.problems, round: round } }\n  score: context.critic.score\n  until: context.critic.score >= 0.9\n  maxRounds: 5\n- set: done\n  value: { text: context.r.text, rounds: context.r.$rounds, by: context.r.$servedBy }';
    const scores = [0.5, 0.4, 0.95];
    const seen: JsonObject[] = [];
    const { result, paths } = play(nodes, {
      writer: () => ({ text: 'one' }),
      critic: ({ round }) => ({ score: scores[Number(round) - 1] ?? 0, problems: [`p${round}`] }),
      editor: (input) => {
        seen.push(input);
        return { text: `${input['draft']}+` };
      },
    });
    expect(paths).toEqual([
      'r/1/draft',
      'r/1/critic',
      'r/2/improve',
      'r/2/critic',
      'r/3/improve',
      'r/3/critic',
    ]);
    expect(seen).toEqual([
      { draft: 'one', problems: ['p1'], round: 2 },
      { draft: 'one+', problems: ['p2'], round: 3 },
    ]);
    expect(result).toEqual({ text: 'one++', rounds: 3, by: 'editor@1' });
  });

  it('refine gives the best draft when no round is good enough', () => {
    const nodes =
      '- refine: r\n  draft: { model: writer }\n  critic: { model: critic }\n  improve: { model: editor }\n  score: context.critic.score\n  maxRounds: 3';
    const scores = [0.2, 0.8, 0.3];
    let round = 0;
    const { result } = play(nodes, {
      writer: () => ({ t: 1 }),
      editor: () => ({ t: round + 1 }),
      critic: () => ({ score: scores[round++] ?? 0 }),
    });
    expect(result).toEqual({ t: 2 });
  });

  it.each([
    ['the first answer is accepted', [0.9, 0.1], {}, 1, ['c/1']],
    ['the second is accepted, though the first scored higher', [0.6, 0.75], {}, 2, ['c/1', 'c/2']],
    ['none is accepted: the best', [0.6, 0.5], {}, 1, ['c/1', 'c/2']],
    ['a tier that fails is passed over', ['fails', 0.2], {}, 2, ['c/1', 'c/2']],
    ['a late tier that fails leaves the best of the others', [0.3, 'fails'], {}, 1, ['c/1', 'c/2']],
  ] as const)('cascade: %s', (_case, scores, payload, winner, paths) => {
    const nodes =
      '- cascade: c\n  models: [small, large]\n  accept: output.score > 0.7\n  otherwise: best\n  score: output.score';
    const tier =
      (index: number): Answer =>
      () => {
        const score = scores[index] ?? 0;
        return score === 'fails' ? 'fails' : { score, tier: index + 1 };
      };
    const played = play(nodes, { small: tier(0), large: tier(1) }, { payload });
    expect(played.result).toMatchObject({ tier: winner });
    expect(played.paths).toEqual(paths);
  });

  it('cascade: every tier fails', () => {
    expect(
      play('- cascade: c\n  models: [a, b]\n  accept: output.ok', {
        a: () => 'fails',
        b: () => 'fails',
      }).code,
    ).toBe('cascade_failed');
    expect(
      play('- cascade: c\n  models: [a]\n  accept: output.ok\n  otherwise: fail', {
        a: () => ({ ok: false }),
      }).code,
    ).toBe('not_accepted');
    expect(
      play('- cascade: c\n  models: [a, b]\n  accept: output.ok', {
        a: () => ({ ok: false, t: 1 }),
        b: () => ({ ok: false, t: 2 }),
      }).result,
    ).toMatchObject({ t: 2 });
  });

  it('a map collects per element, in order, and names what is missing', () => {
    const nodes =
      '- map: m\n  over: payload.names\n  as: name\n  concurrency: 2\n  join: { within: 5s }\n  do: [{ step: greet, model: greeter, input: { name: name } }]\n  collect: { at: branch, name: name, said: output.text, again: context.greet.text }';
    const { result, paths } = play(
      nodes,
      { greeter: ({ name }) => ({ text: `hi ${name}` }) },
      { payload: { names: ['a', 'b', 'c'] } },
    );
    expect(paths).toEqual(['m/0/greet', 'm/1/greet', 'm/2/greet']);
    expect(result).toEqual(
      ['a', 'b', 'c'].map((name, at) => ({ at, name, said: `hi ${name}`, again: `hi ${name}` })),
    );
  });

  it('maps in maps keep their elements apart', () => {
    const nodes =
      '- map: m\n  over: payload.rows\n  as: row\n  do:\n    - map: n\n      over: row\n      as: cell\n      do: { step: s, model: sum, input: { a: cell, b: size(row) } }\n      collect: output.v';
    const { result, paths } = play(
      nodes,
      { sum: ({ a, b }) => ({ v: Number(a) * 10 + Number(b) }) },
      { payload: { rows: [[1, 2], [], [3]] } },
    );
    expect(result).toEqual([[12, 22], [], [31]]);
    expect([...paths].sort()).toEqual(['m/0/n/0/s', 'm/0/n/1/s', 'm/2/n/0/s']);
  });

  it('a parallel joins, votes and asks a judge', () => {
    const models: Record<string, Answer> = {
      a: () => ({ l: 'x', c: 0.4 }),
      b: () => ({ l: 'y', c: 0.9 }),
      c: () => ({ l: 'x', c: 0.4 }),
      judge: ({ all }) => ({ saw: Object.keys(all as JsonObject).join() }),
    };
    const parallel = (more: string) =>
      `- parallel: p\n  branches: [{ step: one, model: a }, { step: two, model: b }, { step: three, model: c }]\n${more}`;
    expect(play(parallel(''), models).result).toEqual({
      one: { l: 'x', c: 0.4 },
      two: { l: 'y', c: 0.9 },
      three: { l: 'x', c: 0.4 },
    });
    expect(play(parallel('  merge: vote\n  by: output.l'), models).result).toMatchObject({
      l: 'x',
    });
    expect(
      play(parallel('  merge: vote\n  by: output.l\n  score: output.c'), models).result,
    ).toMatchObject({ l: 'y' });
    expect(play(parallel('  merge: best\n  score: output.c'), models).result).toMatchObject({
      l: 'y',
    });
    expect(
      play(parallel('  merge: { step: j, model: judge, input: { all: branches } }'), models).result,
    ).toEqual({ saw: 'one,two,three' });
  });

  it('$ facts are read beside values, of lists too', () => {
    const nodes =
      '- parallel: p\n  branches: [{ step: one, model: a }, { step: two, model: b }]\n  merge: best\n  score: output.s\n- map: m\n  over: "[1, 2]"\n  do: [{ step: x, model: a }]\n  collect: output.s\n- set: facts\n  value: { branch: context.p.$branch, scores: context.p.$scores, missing: context.m.$missing, list: context.m, by: context.one.$servedBy }';
    const { result } = play(nodes, { a: () => ({ s: 1 }), b: () => ({ s: 2 }) });
    expect(result).toEqual({
      branch: 'two',
      scores: { one: 1, two: 2 },
      missing: [],
      list: [1, 1],
      by: 'a@1',
    });
  });

  it('fail ends the run with its code and sentence', () => {
    expect(
      play(
        '- fail: not_today\n  message: { $text: "no ${payload.what}" }',
        {},
        { payload: { what: 'cake' } },
      ),
    ).toMatchObject({ status: 'failed', code: 'not_today', message: 'no cake' });
  });

  it('the context of a request is what its step names', () => {
    const context = { locale: 'de', secret: 'x' };
    const sent = (line: string) =>
      play(
        `- { step: a, model: m }\n- { step: b, model: m${line} }`,
        { m: () => ({ v: 1 }) },
        { context },
      ).driver.dispatches[1]?.context;
    expect(sent('')).toEqual({ locale: 'de', secret: 'x', a: { v: 1 } });
    expect(sent(', context: []')).toEqual({});
    expect(sent(', context: [a]')).toEqual({ a: { v: 1 } });
    expect(sent(', context: [locale]')).toEqual({ locale: 'de' });
    expect(sent(', context: [a, locale]')).toEqual({ locale: 'de', a: { v: 1 } });
  });

  it('the output mapping leaves out what is not there', () => {
    const { result } = play(
      '- set: a\n  value: { n: 1 }',
      {},
      { output: 'output:\n  n: context.a.n\n  gone: context.a.?gone\n' },
    );
    expect(result).toEqual({ n: 1 });
  });
});
