import { describe, expect, it } from 'vitest';
import type { CallNode, Kernel, StepPolicy } from '../../../shared/flow/kernel.ts';
import { nodesOf } from '../../../shared/flow/kernel-walk.ts';
import { flowOf, flowText, problemOf, problemsIn } from '../../support/flow-text.ts';

function callsIn(nodes: string): readonly CallNode[] {
  return nodesOf('call', flowOf(nodes).flow.body as Kernel);
}

/** The policy of a step with these keys. */
function policyOf(keys: string): StepPolicy {
  const [call] = callsIn(`- { step: a, model: m, ${keys} }`);
  if (call === undefined) throw new Error('no call');
  return call.policy;
}

const breaker = {
  failureRate: 0.5,
  slowRate: 0.8,
  minCalls: 20,
  windowMs: 30_000,
  openMs: 15_000,
  probes: 2,
};
const retry = {
  attempts: 3,
  initialMs: 1_000,
  factor: 2,
  maxMs: 60_000,
  jitter: 'full',
  on: {},
};

it('a call that says nothing of its failures is tried three times behind a breaker', () => {
  const [call] = callsIn('- { step: a, model: m }');
  expect(call?.policy).toEqual({ timeoutMs: 30_000, retry, breaker, fallback: [], reask: 0 });
});

describe('a retry', () => {
  it('counts failures of a code by themselves', () => {
    expect(policyOf('retry: { on: { rate_limited: 10, output_invalid: 1 } }').retry).toEqual({
      ...retry,
      on: { rate_limited: 10, output_invalid: 1 },
    });
  });

  it.each([
    ['{ Rate-Limited: 2 }', 'do[0].retry.on.Rate-Limited', /^"Rate-Limited": a code is written/],
    ['{ rate_limited: 0 }', 'do[0].retry.on.rate_limited', /at least 1/],
    ['{ rate_limited: often }', 'do[0].retry.on.rate_limited', /a number, found "often"/],
    ['3', 'do[0].retry.on', /Expected a map, found 3/],
  ])('refuses on: %s', (on, path, says) => {
    const problem = problemOf(`- { step: a, model: m, retry: { on: ${on} } }`);
    expect(problem).toMatchObject({ code: 'structure_invalid', path, line: 6 });
    expect(problem.message).toMatch(says);
  });
});

describe('a breaker', () => {
  it.each([
    ['true', breaker],
    ['{}', breaker],
    [
      '{ failureRate: 0.3, slow: 10s, slowRate: 0.5, minCalls: 5, window: 1m, openFor: 5s, probes: 1 }',
      {
        failureRate: 0.3,
        slowRate: 0.5,
        slowMs: 10_000,
        minCalls: 5,
        windowMs: 60_000,
        openMs: 5_000,
        probes: 1,
      },
    ],
    ['{ slow: 2s }', { ...breaker, slowMs: 2_000 }],
  ])('is written %s', (written, expected) => {
    expect(policyOf(`breaker: ${written}`).breaker).toEqual(expected);
  });

  it('may be left out', () => {
    expect(policyOf('breaker: false')).not.toHaveProperty('breaker');
  });

  it.each([
    ['breaker: on', 'structure_invalid', 'do[0].breaker', /Expected true or false, found "on"/],
    ['breaker: { failureRate: 2 }', 'structure_invalid', 'do[0].breaker.failureRate', /at most 1/],
    ['breaker: { slo: 2s }', 'key_unknown', 'do[0].breaker.slo', /Did you mean "slow"/],
    [
      'breaker: { slowRate: 0.5 }',
      'slow_missing',
      'do[0].breaker.slowRate',
      /`slowRate` has a meaning only with `slow`, which says when a call is slow\./,
    ],
    [
      'breaker: false, onOpen: { stale: 1h }',
      'on_open_unused',
      'do[0].onOpen',
      /`onOpen` has no meaning with `breaker: false`: nothing ever opens\./,
    ],
  ])('refuses %s', (keys, code, path, says) => {
    const problem = problemOf(`- { step: a, model: m, ${keys} }`);
    expect(problem).toMatchObject({ code, path, line: 6 });
    expect(problem.message).toMatch(says);
  });
});

describe('a fallback', () => {
  it('is one model, or several in order; an input left out is that of the step', () => {
    const [call] = callsIn(
      '- { step: a, model: m, input: { t: payload.text }, fallback: [b, { model: c@2, input: { q: payload.text } }, m@3] }',
    );
    expect(call?.policy.fallback).toMatchObject([
      { model: 'b', input: call?.input },
      { model: 'c', version: 2, input: { source: '{"q":"payload.text"}' } },
      { model: 'm', version: 3, input: call?.input },
    ]);
    expect(policyOf('fallback: b').fallback).toMatchObject([{ model: 'b' }]);
    expect(policyOf('fallback: { model: b, input: payload.inner }').fallback).toMatchObject([
      { model: 'b', input: { source: 'payload.inner' } },
    ]);
  });

  it('may ask the same model something else', () => {
    expect(policyOf('fallback: { model: m, input: { short: true } }').fallback).toHaveLength(1);
  });

  it.each([
    ['Big Model', 'structure_invalid', 'do[0].fallback', /"Big Model": a name has small letters/],
    ['7', 'structure_invalid', 'do[0].fallback', /Expected text, found 7/],
    ['[]', 'structure_invalid', 'do[0].fallback', /at least 1/],
    ['[b, m]', 'fallback_repeats', 'do[0].fallback[1]', /"m" is asked the same already: `retry`/],
    ['[b, b]', 'fallback_repeats', 'do[0].fallback[1]', /"b" is asked the same already/],
    ['{ model: b, input: 3 }', 'input_not_object', 'do[0].fallback.input', /This must give an obj/],
    [
      '{ model: b, input: { x: context.later } }',
      'context_unknown',
      'do[0].fallback.input.x',
      /No earlier node writes context\.later/,
    ],
  ])('refuses %s', (fallback, code, path, says) => {
    const line = `- { step: a, model: m, fallback: ${fallback} }`;
    const problem = problemOf(line);
    expect(problem).toMatchObject({ code, path, line: 6 });
    expect(problem.message).toMatch(says);
  });
});

it('a fallback with a wrong key is told what it lacks, too', () => {
  const problems = problemsIn(flowText('- { step: a, model: m, fallback: [b, { modle: c }] }'));
  expect(problems.map(({ path, message }) => [path, message])).toEqual([
    ['do[0].fallback[1].model', 'This key is missing.'],
    [
      'do[0].fallback[1].modle',
      'There is no key "modle" here. Did you mean "model"? Known are model, input.',
    ],
  ]);
});

describe('a last resort', () => {
  it('is an old answer, a default, or both', () => {
    const { onOpen, onFailure } = policyOf(
      'onOpen: { stale: 5m }, onFailure: { stale: 24h, default: { text: { $text: "sorry" }, n: size(payload.text) } }',
    );
    expect(onOpen).toEqual({ staleMs: 300_000 });
    expect(onFailure).toMatchObject({ staleMs: 86_400_000 });
    expect(onFailure?.value?.evaluate({ payload: { text: 'four' } })).toEqual({
      text: 'sorry',
      n: 4,
    });
    expect(policyOf('onFailure: { default: {} }').onFailure).not.toHaveProperty('staleMs');
  });

  it.each([
    [
      'onFailure: {}',
      'last_resort_empty',
      'do[0].onFailure',
      /^Say what answers then: `onFailure: \{ stale: 24h \}`, \{ default: … \}, or both\.$/,
    ],
    [
      'onOpen: {}',
      'last_resort_empty',
      'do[0].onOpen',
      /^Say what answers then: `onOpen: \{ stale/,
    ],
    [
      'onFailure: { default: "\'sorry\'" }',
      'output_not_object',
      'do[0].onFailure.default',
      /^This must give an object, like the output of a model, it gives text\.$/,
    ],
    [
      'onFailure: { default: null }',
      'output_not_object',
      'do[0].onFailure.default',
      /it gives null\.$/,
    ],
    ['onFailure: { stale: 24 }', 'structure_invalid', 'do[0].onFailure.stale', /text, found 24/],
    ['onFailure: { defualt: {} }', 'key_unknown', 'do[0].onFailure.defualt', /mean "default"/],
  ])('refuses %s', (keys, code, path, says) => {
    const problem = problemOf(`- { step: a, model: m, ${keys} }`);
    expect(problem).toMatchObject({ code, path, line: 6 });
    expect(problem.message).toMatch(says);
  });

  it('that turns out to be no object fails with a code of its own', () => {
    const { onFailure } = policyOf('onFailure: { default: payload.text }');
    expect(() => onFailure?.value?.evaluate({ payload: { text: 'x' } })).toThrow(
      expect.objectContaining({ code: 'output_not_object' }),
    );
  });
});

it('a wrong output is asked for again, and a good one kept, as long as is said', () => {
  expect(policyOf('validate: { reask: 2 }, cache: 10m')).toMatchObject({
    reask: 2,
    cacheMs: 600_000,
  });
});

it.each([
  ['validate: { reask: 11 }', 'do[0].validate.reask', /at most 10/],
  ['validate: {}', 'do[0].validate.reask', /missing/],
  ['cache: 10', 'do[0].cache', /Expected text, found 10/],
])('refuses %s', (keys, path, says) => {
  const problem = problemOf(`- { step: a, model: m, ${keys} }`);
  expect(problem).toMatchObject({ path, message: expect.stringMatching(says) });
});

describe('every model call has a policy of its own', () => {
  const own = 'fallback: spare, cache: 1m';

  it.each([
    [
      'in a refine',
      `- refine: r\n  draft: { model: m, ${own} }\n  critic: { model: m, ${own} }\n  improve: { model: m, ${own} }\n  score: context.critic.score`,
    ],
    [
      'a judge',
      `- parallel: p\n  branches: [{ step: a, model: m, ${own} }]\n  merge: { step: j, model: m, ${own} }`,
    ],
    ['in a map', `- map: n\n  over: payload.list\n  do: { step: a, model: m, ${own} }`],
    [
      'a tier, from its cascade',
      `- cascade: c\n  models: [m, n]\n  accept: "true"\n  fallback: spare\n  cache: 1m`,
    ],
  ])('%s', (_where, nodes) => {
    const calls = callsIn(nodes);
    expect(calls.length).toBeGreaterThan(0);
    for (const { policy } of calls) {
      expect(policy).toMatchObject({ fallback: [{ model: 'spare' }], cacheMs: 60_000 });
    }
  });

  it('a tier keeps what it says itself, and each fault is told where it is written', () => {
    const cascade = (tier: string, shared: string) =>
      `- cascade: c\n  models:\n    - { model: m, ${tier} }\n  accept: "true"\n  ${shared}`;
    const [call] = callsIn(cascade('cache: 2m', 'cache: 1m\n  validate: { reask: 1 }'));
    expect(call?.policy).toMatchObject({ cacheMs: 120_000, reask: 1 });
    expect(problemOf(cascade('timeout: 1s', 'onFailure: {}'))).toMatchObject({
      path: 'do[0].onFailure',
      line: 10,
    });
    expect(problemOf(cascade('onFailure: {}', 'cache: 1m'))).toMatchObject({
      path: 'do[0].models[0].onFailure',
      line: 8,
    });
  });
});

it('a run waits for its own models alone, and may call the others', () => {
  const nodes = '- { step: a, model: m, fallback: [b, c@2] }\n- { step: d, model: b }';
  const { flow } = flowOf(nodes, 'budget: { calls: 3, onExceeded: { model: cheap } }\n');
  expect(flow.models).toEqual([{ model: 'm' }, { model: 'b' }]);
  expect(flow.mayCall).toEqual([
    { model: 'm' },
    { model: 'b' },
    { model: 'c', version: 2 },
    { model: 'cheap' },
  ]);
});

it('a flow that says nothing of policies keeps its digest', () => {
  const { definition } = flowOf(
    '- { step: a, model: m }\n- { refine: r, draft: { model: m }, critic: { model: m }, improve: { model: m } }',
  );
  const words = [
    'fallback',
    'breaker',
    'onOpen',
    'onFailure',
    'validate',
    'cache',
    'budget',
    '"on"',
  ];
  const text = JSON.stringify(definition);
  for (const word of words) expect(text).not.toContain(word);
});
