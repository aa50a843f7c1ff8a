import { describe, expect, it } from 'vitest';
import { flowText, problemOf, problemsIn } from '../../support/flow-text.ts';

const step = (id: string, input = '{ text: payload.text }') =>
  `{ step: ${id}, model: echo, input: ${input} }`;

describe('a value can be read', () => {
  const legal: readonly (readonly [string, string])[] = [
    ['by later nodes of its list', `- ${step('a')}\n- ${step('b', '{ text: context.a.text }')}`],
    [
      'inside a later route, parallel and map',
      `- ${step('a')}\n- route:\n    - when: context.a.ok\n      do: [${step('b', '{ t: context.a.text }')}]\n    - do: []\n- map: m\n  over: context.a.list\n  do: [${step('c', '{ t: context.a.text, i: item }')}]`,
    ],
    [
      'behind a route, whichever branch wrote it',
      `- route:\n    - when: payload.a\n      do: [${step('a')}]\n    - do: [${step('b')}]\n- ${step('c', '{ t: "context.?a.text.orValue(context.b.text)" }')}`,
    ],
    [
      'behind a join, inner ids too',
      `- parallel: p\n  branches:\n    - { branch: x, do: [${step('a')}] }\n    - ${step('b')}\n- ${step('c', '{ a: context.a.text, b: context.b.text, p: context.p.x.text }')}`,
    ],
    [
      'by a later element of the same branch',
      `- parallel: p\n  branches:\n    - { branch: x, do: [${step('a')}, ${step('b', '{ t: context.a.text }')}] }`,
    ],
    [
      'from the job context or a patch, when it may be missing',
      `- ${step('a', '{ locale: "context.?locale.orValue(\'en\')", has: has(context.locale) }')}`,
    ],
    ['as the whole context', `- ${step('a')}\n- ${step('b', '{ all: context }')}`],
    [
      'as the element and its index facts',
      `- map: m\n  over: payload.list\n  as: page\n  do: [${step('a', '{ p: page, previous: previous }')}]\n  collect: { page: page, text: context.a.text, out: output.text, at: branch }`,
    ],
  ];

  it.each(legal)('%s', (_case, nodes) => {
    expect(problemsIn(flowText(nodes))).toEqual([]);
  });
});

describe('a value cannot be read', () => {
  const illegal: readonly (readonly [string, string, string, RegExp])[] = [
    [
      'before it is written',
      `- ${step('a', '{ t: context.b.text }')}\n- ${step('b')}`,
      'do[0].input.t',
      /context\.b is not visible here: it is written at do\[1\].*no node has written a value yet/,
    ],
    [
      'from another branch of a parallel',
      `- parallel: p\n  branches:\n    - ${step('a')}\n    - ${step('b', '{ t: context.a.text }')}`,
      'do[0].branches[1].input.t',
      /written at do\[0\]\.branches\[0\], later or in another branch/,
    ],
    [
      'from another branch of a route',
      `- route:\n    - when: payload.a\n      do: [${step('a')}]\n    - do: [${step('b', '{ t: context.a.text }')}]`,
      'do[0].route[1].do[0].input.t',
      /in another branch/,
    ],
    [
      'from inside a map, behind it',
      `- map: m\n  over: payload.list\n  do: [${step('a')}]\n- ${step('b', '{ t: context.a.text }')}`,
      'do[1].input.t',
      /written at do\[0\]\.do\[0\].*visible are m/,
    ],
    [
      'from a step of the same name in the output',
      `- ${step('answer')}`,
      'output.x',
      /No earlier node writes context\.anwser: visible are answer\. Did you mean "answer"\?/,
    ],
    [
      'by the name of an element behind its map',
      `- map: m\n  over: payload.list\n  as: page\n  do: [${step('a')}]\n- ${step('b', '{ t: page }')}`,
      'do[1].input.t',
      /`page` is an expression here/,
    ],
  ];

  it.each(illegal)('%s', (_case, nodes, path, says) => {
    const more = path.startsWith('output') ? 'output:\n  x: context.anwser.text\n' : '';
    const problem = problemOf(nodes, more);
    expect(problem).toMatchObject({
      code: expect.stringMatching(/context_unknown|name_unknown/),
      path,
    });
    expect(problem.message).toMatch(says);
  });

  it('`output` and `branch` mean nothing outside score, by, accept and collect', () => {
    expect(problemOf(`- ${step('a', '{ t: output.text }')}`)).toMatchObject({
      code: 'name_unknown',
    });
  });

  it('a request cannot name a context that is written later', () => {
    const nodes = `- { step: a, model: echo, context: [b, locale] }\n- ${step('b')}`;
    expect(problemOf(nodes)).toMatchObject({ code: 'context_unknown', path: 'do[0].context[0]' });
  });
});
