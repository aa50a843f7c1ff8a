import { describe, expect, it } from 'vitest';
import type { CallNode, Kernel, ScatterNode, SequenceNode } from '../../../shared/flow/kernel.ts';
import { flowOf } from '../../support/flow-text.ts';
import { outline } from '../../support/kernel-outline.ts';

function items(body: SequenceNode): readonly Kernel[] {
  return body.items;
}

function callIn(nodes: string): CallNode {
  const [node] = flowOf(nodes).flow.body.items;
  if (node?.kind !== 'call') throw new Error('no call');
  return node;
}

function scatterIn(nodes: string): ScatterNode {
  const node = flowOf(nodes).flow.body.items.find((item) => item.kind === 'scatter');
  if (node?.kind !== 'scatter') throw new Error('no scatter');
  return node;
}

describe('a step', () => {
  it('becomes one call with the defaults of its policy', () => {
    expect(callIn('- { step: one, model: echo }')).toMatchObject({
      path: 'one',
      model: 'echo',
      policy: {
        timeoutMs: 30_000,
        retry: { attempts: 3, initialMs: 1_000, factor: 2, maxMs: 60_000, jitter: 'full' },
      },
      patchKey: '$patch',
      tolerant: false,
      context: { patches: ['$context', '$patch'], nodes: [] },
      input: { source: 'payload', reads: { names: [{ name: 'payload', keys: ['$payload'] }] } },
    });
  });

  it('keeps what its policy says, and the version of its model', () => {
    const call = callIn(
      '- { step: one, model: echo@2, timeout: 500ms, within: 1m, retry: { attempts: 1, initial: 2s, factor: 3, max: 1h, jitter: none } }',
    );
    expect(call).toMatchObject({
      version: 2,
      policy: {
        timeoutMs: 500,
        withinMs: 60_000,
        retry: { attempts: 1, initialMs: 2_000, factor: 3, maxMs: 3_600_000, jitter: 'none' },
      },
    });
  });

  it('reads only what its input names', () => {
    const { flow } = flowOf(
      '- { step: one, model: echo }\n- { step: two, model: echo, input: { a: context.one.text, b: previous.text, c: 1 } }',
    );
    const call = items(flow.body)[1];
    expect(call).toMatchObject({
      input: {
        reads: {
          names: [{ name: 'previous', keys: ['one'] }],
          context: { patches: [], nodes: [{ name: 'one', keys: ['one'] }] },
        },
      },
    });
  });

  it('sends the context it names: nodes, and keys that only a patch can bring', () => {
    const { flow } = flowOf(
      '- { step: one, model: echo }\n- { step: two, model: echo }\n- { step: three, model: echo, context: [one, locale] }',
    );
    expect(items(flow.body)[2]).toMatchObject({
      context: {
        patches: ['$context', '$patch'],
        nodes: [{ name: 'one', keys: ['one'] }],
        only: ['one', 'locale'],
      },
    });
  });
});

describe('a parallel', () => {
  it('becomes a scatter whose branches have keys and patches of their own', () => {
    const { flow } = flowOf(
      '- parallel: p\n  branches:\n    - { step: a, model: m }\n    - { branch: b, do: [{ step: c, model: m }, { step: d, model: m }] }\n    - { branch: e, do: [] }\n  join: { need: 2, within: 3s }',
    );
    expect(outline(flow.body)).toEqual([
      {
        scatter: 'p',
        gather: 'fields',
        join: { need: 2, withinMs: 3_000 },
        branches: {
          a: [['call p/a m'], ['p/a'], 'p/a/$patch'],
          b: [['call p/b/c m', 'call p/b/d m'], ['p/b/d'], 'p/b/$patch'],
          e: [[], ['$payload'], 'p/e/$patch'],
        },
      },
    ]);
  });

  it('lets a branch see its own patches and no other branch', () => {
    const { over } = scatterIn(
      '- parallel: p\n  branches: [{ step: a, model: m }, { step: b, model: m }]',
    );
    if (over.kind !== 'branches') throw new Error('no branches');
    expect(over.branches[1]?.body.items[0]).toMatchObject({
      patchKey: 'p/b/$patch',
      context: { patches: ['$context', '$patch', 'p/b/$patch'], nodes: [] },
    });
  });

  it.each([
    ['any', { need: 1 }],
    ['all', { need: 'all' }],
    ['{ within: 2s }', { need: 'all', withinMs: 2_000 }],
    ['{ need: 1 }', { need: 1 }],
  ])('joins by %s', (join, expected) => {
    expect(
      scatterIn(
        `- parallel: p\n  branches: [{ step: a, model: m }, { step: b, model: m }]\n  join: ${join}`,
      ).join,
    ).toEqual(expected);
  });

  it('votes by what is written, or by the whole output', () => {
    const vote = (more: string) =>
      scatterIn(`- parallel: p\n  branches: [{ step: a, model: m }]\n  merge: vote\n${more}`)
        .gather;
    expect(vote('')).toMatchObject({ kind: 'vote', by: { source: 'output' } });
    expect(vote('  by: output.label\n  score: output.confidence')).toMatchObject({
      by: { source: 'output.label', reads: { names: [] } },
      weight: { source: 'output.confidence' },
    });
  });

  it('with a judge leaves the branches to it and takes its output', () => {
    const { flow } = flowOf(
      '- parallel: p\n  branches: [{ step: a, model: m }, { step: b, model: m }]\n  merge: { step: pick, model: judge, input: { all: branches, first: branches.a } }\n- set: x\n  value: context.p.$missing',
    );
    expect(outline(flow.body)).toEqual([
      {
        scatter: 'p/branches',
        gather: 'fields',
        join: { need: 'all' },
        branches: {
          a: [['call p/branches/a m'], ['p/branches/a'], 'p/branches/a/$patch'],
          b: [['call p/branches/b m'], ['p/branches/b'], 'p/branches/b/$patch'],
        },
      },
      'call p/pick judge',
      'set p',
      'set x',
    ]);
    expect(items(flow.body)[1]).toMatchObject({
      input: { reads: { names: [{ name: 'branches', keys: ['p/branches'] }] } },
    });
    expect(items(flow.body)[3]).toMatchObject({
      value: {
        reads: {
          context: {
            nodes: [
              { name: 'p/$facts', keys: ['p/branches/$facts'], factsKey: 'p/branches/$facts' },
            ],
          },
        },
      },
    });
  });
});

describe('a route', () => {
  it('becomes a choice that fails when no branch holds', () => {
    const { flow } = flowOf(
      '- route:\n    - when: payload.a\n      do: [{ step: x, model: m }]\n    - do: []\n- { step: y, model: m, input: previous }',
    );
    expect(outline(flow.body)).toEqual([
      {
        choice: [
          ['payload.a', ['call x m']],
          ['else', []],
        ],
        otherwise: 'no_route',
      },
      'call y m',
    ]);
    expect(items(flow.body)[1]).toMatchObject({
      input: { reads: { names: [{ name: 'previous', keys: ['x', '$payload'] }] } },
    });
  });

  it('keeps `previous` apart when one branch writes on its way what another ends with', () => {
    const { flow } = flowOf(
      '- route:\n    - when: payload.a\n      do: [{ step: x, model: m }]\n    - do: [{ step: x, model: m }, { step: y, model: m }]\n- { step: z, model: m, input: previous }',
    );
    expect(outline(flow.body)).toEqual([
      {
        choice: [
          ['payload.a', ['call x m', 'set $route/0']],
          ['else', ['call x m', 'call y m', 'set $route/0']],
        ],
        otherwise: 'no_route',
      },
      'call z m',
    ]);
    expect(items(flow.body)[1]).toMatchObject({
      input: { reads: { names: [{ name: 'previous', keys: ['$route/0'] }] } },
    });
  });
});

describe('a map', () => {
  it('becomes a scatter over elements with # in its keys, and sends no context unless asked', () => {
    const { flow } = flowOf(
      '- map: m\n  over: payload.pages\n  as: page\n  do: [{ step: a, model: x, input: { p: page } }, { map: n, over: context.a.parts, do: { step: b, model: x, input: { p: page, i: item } } }]\n  concurrency: 3\n  maxElements: 9',
    );
    expect(outline(flow.body)).toEqual([
      {
        scatter: 'm',
        gather: 'list',
        join: { need: 'all' },
        branches: [
          [
            'call m/#/a x',
            {
              scatter: 'm/#/n',
              gather: 'list',
              join: { need: 'all' },
              branches: [['call m/#/n/#/b x'], ['m/#/n/#/b'], 'm/#/n/#/$patch'],
            },
          ],
          ['m/#/n'],
          'm/#/$patch',
        ],
      },
    ]);
    const [scatter] = items(flow.body);
    if (scatter?.kind !== 'scatter' || scatter.over.kind !== 'elements') throw new Error('no map');
    expect(scatter).toMatchObject({
      concurrency: 3,
      over: { itemKey: 'm/#/$item', maxElements: 9 },
    });
    const inner = scatter.over.branch.body.items[1];
    if (inner?.kind !== 'scatter' || inner.over.kind !== 'elements')
      throw new Error('no inner map');
    expect(inner.over.branch.body.items[0]).toMatchObject({
      context: { patches: [], nodes: [] },
      input: {
        reads: {
          names: [
            { name: 'page', keys: ['m/#/$item'] },
            { name: 'item', keys: ['m/#/n/#/$item'] },
          ],
        },
      },
    });
  });
});

describe('set and fail', () => {
  it('write a value and a failure', () => {
    const { flow } = flowOf(
      '- set: a\n  value: { n: 1 + 1, t: { $text: "n is ${size(payload.list)}" }, v: { $value: "1 + 1" } }\n- route:\n    - when: payload.bad\n      do: [{ fail: not_good, message: { $text: no } }]\n    - do: []',
    );
    const [set] = items(flow.body);
    if (set?.kind !== 'set') throw new Error('no set');
    expect(set.value.evaluate({ payload: { list: [1] } })).toEqual({
      n: 2,
      t: 'n is 1',
      v: '1 + 1',
    });
    expect(JSON.stringify(outline(flow.body))).toContain('fail not-good');
  });
});
