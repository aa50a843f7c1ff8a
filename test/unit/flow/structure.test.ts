import { describe, expect, it } from 'vitest';
import { readDocument } from '../../../shared/flow/document.ts';
import { readStructure } from '../../../shared/flow/structure.ts';
import { flowOf, problemOf, problemsIn } from '../../support/flow-text.ts';

describe('the shape of a node is checked against its kind alone', () => {
  const faults: readonly (readonly [name: string, nodes: string, path: string, says: RegExp])[] = [
    [
      'a misspelt key',
      '- step: a\n  model: m\n  timout: 3s',
      'do[0].timout',
      /no key "timout" here\. Did you mean "timeout"\?/,
    ],
    [
      'a misspelt kind',
      '- stepp: a\n  model: m',
      'do[0]',
      /one of the keys step, parallel.*this has stepp, model\. Did you mean "step"\?/,
    ],
    ['a kind of another language', '- sleep: a', 'do[0]', /one of the keys step/],
    ['a node that is text', '- a', 'do[0]', /A node is a map like/],
    [
      'an id that is a number',
      '- step: 1\n  model: m',
      'do[0].step',
      /Expected text, found 1\. A name or id is a word/,
    ],
    [
      'an id with a hyphen',
      '- step: my-step\n  model: m',
      'do[0].step',
      /small letter and goes on with letters and digits/,
    ],
    ['a missing model', '- step: a', 'do[0].model', /This key is missing/],
    [
      'a model with a capital',
      '- step: a\n  model: Sentiment',
      'do[0].model',
      /small letters, digits and hyphens/,
    ],
    ['a model of version 0', '- step: a\n  model: m@0', 'do[0].model', /sentiment@2/],
    [
      'a duration without a unit',
      '- step: a\n  model: m\n  timeout: 30',
      'do[0].timeout',
      /Expected text, found 30/,
    ],
    [
      'a duration with a fraction',
      '- step: a\n  model: m\n  timeout: 1.5s',
      'do[0].timeout',
      /500ms, 30s, 5m or 1h/,
    ],
    [
      'a duration of 40 days',
      '- step: a\n  model: m\n  timeout: 960h',
      'do[0].timeout',
      /at most 30 days/,
    ],
    [
      'a retry that is text',
      '- step: a\n  model: m\n  retry: 3',
      'do[0].retry',
      /Expected a map, found 3/,
    ],
    [
      'a misspelt part of retry',
      '- step: a\n  model: m\n  retry: { attempt: 3 }',
      'do[0].retry.attempt',
      /Did you mean "attempts"/,
    ],
    [
      'a branch that is neither',
      '- parallel: p\n  branches:\n    - model: m',
      'do[0].branches[0]',
      /A branch is a step, or/,
    ],
    [
      'a fault inside a branch',
      '- parallel: p\n  branches:\n    - branch: b\n      do:\n        - step: a\n          model: m\n          inputs: x',
      'do[0].branches[0].do[0].inputs',
      /Did you mean "input"/,
    ],
    [
      'an unknown join',
      '- parallel: p\n  branches: [{ step: a, model: m }]\n  join: most',
      'do[0].join',
      /Expected "all" or "any", found "most"/,
    ],
    [
      'an unknown part of a join',
      '- parallel: p\n  branches: [{ step: a, model: m }]\n  join: { needs: 2 }',
      'do[0].join.needs',
      /Did you mean "need"/,
    ],
    [
      'an unknown merge',
      '- parallel: p\n  branches: [{ step: a, model: m }]\n  merge: sum',
      'do[0].merge',
      /"fields" or "vote" or "best"/,
    ],
    [
      'a judge without a model',
      '- parallel: p\n  branches: [{ step: a, model: m }]\n  merge: { step: j }',
      'do[0].merge.model',
      /missing/,
    ],
    ['a route without branches', '- route: []', 'do[0].route', /at least 1/],
    ['a route branch without do', '- route:\n    - when: "true"', 'do[0].route[0].do', /missing/],
    [
      'a refine of 21 rounds',
      '- refine: r\n  draft: { model: m }\n  critic: { model: m }\n  improve: { model: m }\n  maxRounds: 21',
      'do[0].maxRounds',
      /at most 20/,
    ],
    ['a cascade without accept', '- cascade: c\n  models: [a, b]', 'do[0].accept', /missing/],
    [
      'a tier with a wrong key',
      '- cascade: c\n  models: [{ model: a, timeouts: 1s }]\n  accept: "true"',
      'do[0].models[0].timeouts',
      /Did you mean "timeout"/,
    ],
    ['a map without over', '- map: m\n  do: []', 'do[0].over', /missing/],
    ['a set without value', '- set: s', 'do[0].value', /missing/],
    [
      'a failure with a sentence for a code',
      '- fail: Not supported',
      'do[0].fail',
      /not_supported/,
    ],
    ['a nested flow without of', '- flow: f', 'do[0].of', /missing/],
  ];

  it.each(faults)('%s', (_name, nodes, path, says) => {
    const problem = problemOf(nodes);
    expect(problem.message).toMatch(says);
    expect(problem.path).toBe(path);
    expect(problem.line).toBeGreaterThan(5);
  });

  it('every fault is told at once', () => {
    const problems = problemsIn('flow: Big\nversion: 0\ninput: []\ndo: {}\nextra: 1\n');
    expect(problems.map(({ path }) => path).sort()).toEqual([
      'description',
      'do',
      'extra',
      'flow',
      'input',
      'version',
    ]);
  });

  it.each(['', '[]', 'text', 'null'])('a document that is no map: %j', (text) => {
    expect(problemsIn(text)).toMatchObject([{ message: expect.stringMatching(/A flow is a map/) }]);
  });
});

it('what is left out has its default', () => {
  const document = readDocument(
    'flow: a\nversion: 1\ndescription: A.\ninput: {}\ndo:\n  - step: one\n    model: echo\n',
    'a.yaml',
  );
  if (!('value' in document)) throw new Error('no document');
  expect(readStructure(document.value)).toEqual({
    flow: 'a',
    version: 1,
    description: 'A.',
    input: {},
    deadline: 300_000,
    do: [
      {
        step: 'one',
        model: 'echo',
        timeout: 30_000,
        retry: { attempts: 3, initial: 1_000, factor: 2, max: 60_000, jitter: 'full' },
      },
    ],
  });
});

it('an empty list of steps is legal: the result is the payload', () => {
  const { flow } = flowOf('[]'.replace('[]', '- set: a\n  value: 1'));
  expect(flow.body.items).toHaveLength(1);
  expect(problemsIn('flow: a\nversion: 1\ndescription: A.\ninput: {}\ndo: []\n')).toEqual([]);
});
