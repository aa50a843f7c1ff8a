import { describe, expect, it } from 'vitest';
import { ContractError } from '../../../shared/errors/errors.ts';
import type { CompiledFlow, Kernel } from '../../../shared/flow/kernel.ts';
import { checkedDecide } from '../../support/checked-decide.ts';
import {
  call,
  choice,
  constant,
  fail,
  flowOf,
  pick,
  policy,
  reading,
  sequence,
  set,
  valueAt,
} from '../../support/kernel-builders.ts';
import { RunDriver } from '../../support/run-driver.ts';

function running(...items: readonly Kernel[]): RunDriver {
  const driver = new RunDriver(flowOf(sequence(...items), { output: valueAt('answer') }));
  driver.accept();
  return driver;
}

const confident = reading({ a: 'intent' }, ({ a }) => Number((a as { n: number }).n) > 0.6);
const failing = reading({}, () => {
  throw new ContractError('expression_failed', 'do[1].route: no such key: intent.');
});

describe('a route', () => {
  const route = choice([
    [confident, call('answer', { model: 'expert' })],
    [undefined, call('answer', { model: 'chatbot' })],
  ]);

  it.each([
    [0.9, 'expert'],
    [0.1, 'chatbot'],
  ])('at %d takes the first branch that holds: %s', (n, model) => {
    const driver = running(call('intent'), route);
    driver.succeed('intent', { n });
    expect(driver.dispatches[1]?.model).toBe(model);
    driver.succeed('answer', { text: 'Hi.' });
    expect(driver.result.payload).toEqual({ text: 'Hi.' });
  });

  it('records which branch it took', () => {
    const driver = running(call('intent'), route);
    driver.succeed('intent', { n: 0.1 });
    expect(driver.history).toContainEqual({
      type: 'route_taken',
      facts: { where: 'do[0].route', arm: 1 },
    });
  });

  it('without a branch that holds fails the run and says where', () => {
    const driver = running(choice([[constant(false), call('answer')]]));
    expect(driver.run.error).toMatchObject({ code: 'no_route', step: 'do[0].route' });
  });

  it('goes on when it may be skipped', () => {
    const driver = running(choice([[constant(false), call('answer')]], 'skip'));
    expect(driver.result).toMatchObject({ status: 'succeeded' });
  });

  it('whose condition fails never counts as false', () => {
    const driver = running(
      choice([
        [failing, call('answer')],
        [undefined, call('answer')],
      ]),
    );
    expect(driver.run.error).toEqual({
      code: 'expression_failed',
      message: 'do[1].route: no such key: intent.',
      step: 'do[0].route[0].when',
    });
  });

  it('asks for the values of all its conditions in one round', () => {
    const reads = (key: string) => reading({ value: key }, () => false);
    const driver = running(
      choice(
        [
          [reads('a'), set('x', constant(1))],
          [reads('b'), set('y', constant(1))],
        ],
        'skip',
      ),
    );
    expect(driver.run.status).toBe('succeeded');
    expect(driver.rounds).toBe(2);
  });
});

describe('a value without a model', () => {
  it('is seen by what comes after it, in the same decision', () => {
    const driver = running(
      set('intent', constant({ n: 1 })),
      set(
        'answer',
        reading({ a: 'intent' }, ({ a }) => ({ was: a ?? null })),
      ),
    );
    expect(driver.result.payload).toEqual({ was: { n: 1 } });
    expect(driver.told).toContain('value_written');
  });

  it('may be null', () => {
    const driver = running(set('answer', constant(null)));
    expect(driver.values.get('answer')).toBeNull();
    expect(driver.result).toMatchObject({ status: 'succeeded', payload: null });
  });
});

describe('a flow that fails on purpose', () => {
  it('ends with the code and the sentence written there', () => {
    const driver = running(fail('refuse', 'not_allowed', constant('Ask somebody else.')));
    expect(driver.run.error).toEqual({
      code: 'not_allowed',
      message: 'Ask somebody else.',
      step: 'refuse',
    });
  });

  it('has a sentence of its own when none is written', () => {
    expect(running(fail('refuse', 'not_allowed')).run.error?.message).toContain('refuse');
  });
});

describe('a pick', () => {
  const drafts = [1, 2, 3].map((n) => ({ output: `draft/${n}`, score: `score/${n}` }));
  const written = (n: number, score?: number) => [
    set(`draft/${n}`, constant(`draft ${n}`)),
    ...(score === undefined ? [] : [set(`score/${n}`, constant(score))]),
  ];

  it.each([
    ['the highest score wins', [...written(1, 0.2), ...written(2, 0.8), ...written(3, 0.5)], 2],
    ['the earlier one wins a tie', [...written(1, 0.5), ...written(2, 0.5)], 1],
    ['one without a score loses to any that has one', [...written(1), ...written(2, -9)], 2],
    ['without any score the first wins', [...written(2), ...written(3)], 2],
  ])('of the best: %s', (_, before, winner) => {
    const driver = running(...before, pick('answer', drafts));
    expect(driver.result.payload).toBe(`draft ${winner}`);
  });

  it('of the last takes the last that was written', () => {
    const driver = running(
      ...written(1),
      ...written(2),
      pick('answer', drafts, { choose: 'last' }),
    );
    expect(driver.result.payload).toBe('draft 2');
  });

  it('with nothing to pick from fails with the code of its node', () => {
    const otherwise = { code: 'cascade_exhausted', message: 'No tier gave an answer.' };
    const driver = running(pick('answer', drafts, { otherwise }));
    expect(driver.run.error).toEqual({ ...otherwise, step: 'answer' });
  });

  it('tells how many there were, and who served the one that is picked, if the flow reads that', () => {
    const candidates = [{ output: 'small' }, { output: 'large' }];
    const output = reading(
      { answer: { name: 'answer', keys: ['answer'], factsKey: 'answer/$facts' } },
      ({ answer }) => answer ?? null,
    );
    const fallback = [{ model: 'tiny', input: constant({}) }];
    const small = call('small', { policy: policy({ fallback }), tolerant: true });
    const large = call('large', { tolerant: true });
    const body = sequence(small, large, pick('answer', candidates));
    const play = (flow: CompiledFlow) => {
      const driver = new RunDriver(flow, { decide: checkedDecide });
      driver.accept();
      driver.failWith('small', { retryable: false });
      driver.succeed('small', { text: 'Hi.' });
      driver.failWith('large', { retryable: false });
      return driver;
    };
    expect(play(flowOf(body, { output })).result.payload).toEqual({
      text: 'Hi.',
      $tiers: 1,
      $servedBy: 'tiny@1',
      $degraded: 'fallback',
    });
    const { values } = play(flowOf(body));
    expect([...values.keys()].filter((key) => key.endsWith('$facts'))).toEqual([]);
  });
});
