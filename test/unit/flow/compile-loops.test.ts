import { describe, expect, it } from 'vitest';
import { pathSchema } from '../../../shared/envelope/envelope.ts';
import type { Kernel, SequenceNode } from '../../../shared/flow/kernel.ts';
import { loadFlow } from '../../../shared/flow/load.ts';
import { flowOf, flowText } from '../../support/flow-text.ts';
import { outline } from '../../support/kernel-outline.ts';

function items(body: SequenceNode): readonly Kernel[] {
  return body.items;
}

describe('a refine', () => {
  const refine =
    '- refine: r\n  draft: { model: writer }\n  critic: { model: critic, input: { d: context.draft.text, n: round } }\n  improve: { model: editor, input: { d: context.draft.text, c: context.critic.problems } }\n';

  it('is written out round by round, with the rounds in the paths', () => {
    const { flow } = flowOf(
      `${refine}  score: context.critic.score\n  until: context.critic.score > 0.9\n  maxRounds: 2`,
    );
    expect(outline(flow.body)).toEqual([
      'call r/1/draft writer',
      'call r/1/critic critic',
      'set r/1/score',
      {
        choice: [
          ['context.critic.score > 0.9', []],
          ['else', ['call r/2/improve editor', 'call r/2/critic critic', 'set r/2/score']],
        ],
        otherwise: 'skip',
      },
      'pick r best of r/1/draft by r/1/score, r/2/improve by r/2/score $rounds',
    ]);
  });

  it('improves what the round before wrote and was told', () => {
    const { flow } = flowOf(`${refine}  maxRounds: 2`);
    expect(outline(flow.body)).toEqual([
      'call r/1/draft writer',
      'call r/1/critic critic',
      'call r/2/improve editor',
      'pick r last of r/1/draft, r/2/improve $rounds',
    ]);
    expect(items(flow.body)[2]).toMatchObject({
      input: {
        reads: {
          context: {
            nodes: [
              { name: 'draft', keys: ['r/1/draft'] },
              { name: 'critic', keys: ['r/1/critic'] },
            ],
          },
        },
      },
    });
  });

  it('tells the round', () => {
    const critic = items(flowOf(`${refine}  score: context.critic.score`).flow.body)[1];
    if (critic?.kind !== 'call') throw new Error('no call');
    expect(critic.input.evaluate({ context: { draft: { text: 'x' } } })).toEqual({ d: 'x', n: 1 });
  });
});

describe('a cascade', () => {
  it('tries tolerant calls in order and picks at the first that is accepted', () => {
    const { flow } = flowOf(
      '- cascade: c\n  models: [small, { model: large, timeout: 1s }]\n  input: { t: payload.text }\n  accept: output.ok\n  otherwise: best\n  score: output.score',
    );
    expect(outline(flow.body)).toEqual([
      'call c/1 small tolerant',
      {
        choice: [
          ['output.ok', ['pick c last of c/1 $tiers']],
          [
            'else',
            [
              'call c/2 large tolerant',
              {
                choice: [
                  ['output.ok', ['pick c last of c/1, c/2 $tiers']],
                  [
                    'else',
                    [
                      { choice: [['output has a value', ['set c/1/score']]], otherwise: 'skip' },
                      { choice: [['output has a value', ['set c/2/score']]], otherwise: 'skip' },
                      'pick c best of c/1 by c/1/score, c/2 by c/2/score $tiers',
                    ],
                  ],
                ],
                otherwise: 'skip',
              },
            ],
          ],
        ],
        otherwise: 'skip',
      },
    ]);
  });

  it('does not accept a tier that gave nothing, even when `accept` does not ask', () => {
    const choice = items(flowOf('- cascade: c\n  models: [a]\n  accept: "true"').flow.body)[1];
    if (choice?.kind !== 'choice') throw new Error('no choice');
    expect(choice.arms[0]?.when?.evaluate({})).toBe(false);
    expect(choice.arms[0]?.when?.evaluate({ output: {} })).toBe(true);
  });

  it('fails when told to', () => {
    const { flow } = flowOf('- cascade: c\n  models: [a]\n  accept: output.ok\n  otherwise: fail');
    expect(JSON.stringify(outline(flow.body))).toContain('fail c');
  });
});

it('every path of a step fits the envelope once its indices are filled in', () => {
  const { flow } = flowOf(
    '- map: m\n  over: payload.list\n  do:\n    - refine: r\n      draft: { model: m }\n      critic: { model: m }\n      improve: { model: m }\n    - parallel: p\n      branches: [{ step: a, model: m }]\n      merge: { step: j, model: m }',
  );
  const paths = JSON.stringify(outline(flow.body)).match(/(?<=call )\S+/g) ?? [];
  expect(paths.length).toBeGreaterThan(5);
  for (const path of paths)
    expect(pathSchema.safeParse(path.replaceAll('#', '99999')).success).toBe(true);
});

it('the digest changes with the meaning of a flow and with nothing else', () => {
  const digest = (text: string) => loadFlow(text).flow.digest;
  const text = flowText('- { step: a, model: m }');
  expect(digest(text)).toMatch(/^[0-9a-f]{64}$/);
  expect(digest(`# a comment\n${text}`)).toBe(digest(text));
  expect(digest(flowText('- { model: m, step: a }'))).toBe(digest(text));
  expect(digest(flowText('- { step: a, model: m, timeout: 30s }'))).toBe(digest(text));
  expect(digest(flowText('- { step: a, model: m, timeout: 31s }'))).not.toBe(digest(text));
});

it('the models of a flow are named once, with the versions it asks for', () => {
  const { flow } = flowOf(
    '- { step: a, model: m }\n- { step: b, model: m }\n- { step: c, model: m@2 }\n- cascade: d\n  models: [x, m]\n  accept: "true"',
  );
  expect(flow.models).toEqual([{ model: 'm' }, { model: 'm', version: 2 }, { model: 'x' }]);
});
