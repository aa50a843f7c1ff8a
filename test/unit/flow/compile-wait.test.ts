import { describe, expect, it } from 'vitest';
import type { WaitNode } from '../../../shared/flow/kernel.ts';
import { nodesOf } from '../../../shared/flow/kernel-walk.ts';
import { flowOf, problemOf, problemsIn } from '../../support/flow-text.ts';

function waitIn(nodes: string): WaitNode {
  const [wait] = nodesOf('wait', flowOf(nodes).flow.body);
  if (wait === undefined) throw new Error('no wait');
  return wait;
}

const answer =
  'answer: { type: object, required: [ok], additionalProperties: false, properties: { ok: { type: boolean } } }';

describe('a wait', () => {
  it('compiles to what is asked, for how long, and what holds when nobody answers', () => {
    const wait = waitIn(
      `- wait: go\n  ask: { question: payload.text }\n  within: 24h\n  onTimeout: { ok: false }\n  ${answer}`,
    );
    expect(wait).toMatchObject({
      kind: 'wait',
      path: 'go',
      withinMs: 86_400_000,
      ask: { reads: { names: [{ name: 'payload', keys: ['$payload'] }] } },
    });
    expect(wait.ask?.evaluate({ payload: { text: 'Go?' } })).toEqual({ question: 'Go?' });
    expect(wait.onTimeout?.evaluate({})).toEqual({ ok: false });
    expect(wait.check({ ok: true })).toEqual([]);
    expect(wait.check({})).toEqual(['/ needs the field "ok"']);
  });

  it('takes any answer, as long as the run lasts, when it says nothing of them', () => {
    const { check, ...wait } = waitIn('- wait: go');
    expect(wait).toEqual({ kind: 'wait', path: 'go' });
    for (const value of [null, 1, 'yes', [], {}]) expect(check(value)).toEqual([]);
  });

  it('stands wherever a node may, and its answer is read like an output', () => {
    const nodes = `- parallel: p
  branches:
    - { branch: x, do: [{ wait: one }] }
    - { branch: y, do: [{ set: z, value: 1 }] }
- route:
    - when: context.one == "yes"
      do: [{ wait: two, ask: previous }]
    - do: []
- map: m
  over: payload.list
  do: [{ wait: three, ask: item }]
- set: all
  value: { one: context.one, list: context.m }`;
    const { flow } = flowOf(nodes);
    const waits = nodesOf('wait', flow.body);
    expect(waits.map(({ path }) => path)).toEqual(['p/x/one', 'two', 'm/#/three']);
    expect(flow.body.items.at(-1)).toMatchObject({
      value: { reads: { context: { nodes: [{ name: 'one', keys: ['p/x/one'] }, { name: 'm' }] } } },
    });
  });

  it.each([
    ['- wait: go\n  withn: 3s', 'key_unknown', 'do[0].withn', /Did you mean "within"/],
    ['- wait: 3', 'structure_invalid', 'do[0].wait', /Expected text, found 3/],
    ['- wait: go\n  within: 3', 'structure_invalid', 'do[0].within', /Expected text, found 3/],
    ['- wait: go\n  answer: yes', 'structure_invalid', 'do[0].answer', /Expected a map, found "y/],
    [
      '- wait: go\n  answer: { type: objekt }',
      'answer_schema_invalid',
      'do[0].answer',
      /^This is no JSON Schema: /,
    ],
    [
      '- wait: go\n  answer: { type: string, pattern: a }',
      'answer_schema_invalid',
      'do[0].answer',
      /a pattern needs a maxLength/,
    ],
    ['- wait: go\n  ask: context.later', 'context_unknown', 'do[0].ask', /No earlier node writes/],
    ['- wait: go\n- set: go\n  value: 1', 'id_taken', 'do[1]', /"go" is already used at do\[0\]/],
    ['- wait: payload', 'id_reserved', 'do[0]', /choose another id/],
    ['- wait: go\n- set: x\n  value: context.go.$servedBy', 'fact_unknown', 'do[1].value', /none/],
  ])('refuses %j', (nodes, code, path, says) => {
    const problem = problemOf(nodes);
    expect(problem).toMatchObject({ code, path });
    expect(problem.message).toMatch(says);
    expect(problem.line).toBeGreaterThan(5);
  });

  it('a flow of one wait alone is legal', () => {
    expect(
      problemsIn('flow: a\nversion: 1\ndescription: A.\ninput: {}\ndo: [{ wait: go }]\n'),
    ).toEqual([]);
  });
});
