import { describe, expect, it } from 'vitest';
import { loadFlow } from '../../../shared/flow/load.ts';
import { flowDocument } from '../../chaos/flows/document.ts';
import { evaluate } from '../../chaos/flows/evaluate.ts';
import { randomFlows, randomJob } from '../../chaos/flows/generate.ts';
import type { FlowShape, Node } from '../../chaos/flows/shape.ts';
import { functions } from '../../chaos/models/arithmetic.ts';
import { planFaults } from '../../chaos/plan/faults.ts';
import { readOptions } from '../../chaos/plan/options.ts';

const payload = { x: 5, y: 6, list: [1, 2] };
const x = { from: 'payload', field: 'x' } as const;
const y = { from: 'payload', field: 'y' } as const;
const a = functions['chaos-a'];
const b = functions['chaos-b'];

function flow(nodes: readonly Node[], numbers: readonly string[] = ['n']): FlowShape {
  return { name: 'chaos-0', nodes, numbers, lists: [] };
}

describe('random flows', () => {
  it('are the same for the same seed, and others for another', () => {
    const texts = (seed: number) => JSON.stringify(randomFlows(seed).map(flowDocument));
    expect(texts(1)).toBe(texts(1));
    expect(texts(1)).not.toBe(texts(2));
    const job = (number: number) => JSON.stringify(randomJob(1, number, randomFlows(1)));
    expect(job(4)).toBe(job(4));
  });

  it('are flows that a coordinator takes, and have an answer for every job', () => {
    for (const seed of [1, 2, 3]) {
      const flows = randomFlows(seed);
      for (const one of flows) loadFlow(JSON.stringify(flowDocument(one)));
      for (let number = 0; number < 100; number += 1) {
        const { flow: shape, payload: given } = randomJob(seed, number, flows);
        const expected = evaluate(shape, given);
        if (expected.status === 'failed') continue;
        expect(Object.values(expected.output).every((value) => value !== undefined)).toBe(true);
      }
    }
  });
});

describe('the evaluator', () => {
  it('takes the arm of a route that the number chooses', () => {
    const arm = (model: 'chaos-a' | 'chaos-b'): Node => ({
      kind: 'step',
      id: 'n',
      model,
      input: { x, y },
    });
    const route = (below: number) =>
      flow([
        { kind: 'route', id: 'n', on: x, below, low: [arm('chaos-a')], high: [arm('chaos-b')] },
      ]);
    expect(evaluate(route(6), payload)).toEqual({ status: 'succeeded', output: { n: a(5, 6) } });
    expect(evaluate(route(5), payload)).toEqual({ status: 'succeeded', output: { n: b(5, 6) } });
  });

  it('hides the patches of one branch from the others, and applies them in the order written', () => {
    const step = (id: string, model: 'chaos-a' | 'chaos-b'): Node => ({
      kind: 'step',
      id,
      model,
      input: { x: { from: 'patch', key: 'tag', otherwise: 1 }, y },
      tag: 'tag',
    });
    const branches = [
      { id: 'p', nodes: [step('one', 'chaos-a')] },
      { id: 'q', nodes: [step('two', 'chaos-b')] },
    ];
    const last: Node = { kind: 'set', id: 'n', x: { from: 'patch', key: 'tag', otherwise: 0 } };
    const shape = flow([{ kind: 'parallel', id: 'all', branches }, last], ['one', 'two', 'n']);
    const output = { one: a(1, 6), two: b(1, 6), n: b(1, 6) };
    expect(evaluate(shape, payload)).toEqual({ status: 'succeeded', output });
  });

  it('ends a run with the code of a fail that is reached', () => {
    const fail = (below: number): Node => ({ kind: 'fail', code: 'made_to_end', on: x, below });
    expect(evaluate(flow([fail(6)], []), payload)).toEqual({
      status: 'failed',
      code: 'made_to_end',
    });
    expect(evaluate(flow([fail(5)], []), payload)).toEqual({ status: 'succeeded', output: {} });
  });
});

it('the faults of a run are those that were asked for, the same for the same seed', () => {
  const options = readOptions(
    '--jobs 100 --kills 4 --broker-restarts 2 --db-restarts 3 --faults 9 --seed 5'.split(' '),
  );
  const faults = planFaults(options);
  const count = (...kinds: string[]) => faults.filter(({ kind }) => kinds.includes(kind)).length;
  expect([count('kill'), count('broker'), count('database')]).toEqual([4, 2, 3]);
  expect(count('pause', 'network')).toBe(9);
  expect(planFaults(options)).toEqual(faults);
});
