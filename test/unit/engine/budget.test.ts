import { describe, expect, it } from 'vitest';
import { narrowed } from '../../../services/coordinator/engine/budget.ts';
import type { ModelFacts } from '../../../services/coordinator/engine/decision.ts';
import { noUsage } from '../../../services/coordinator/engine/usage.ts';
import type { BudgetAmounts } from '../../../shared/envelope/budget.ts';
import type { Usage } from '../../../shared/envelope/envelope.ts';
import type { Budget } from '../../../shared/flow/kernel.ts';
import { branch, call, flowOf, scatter, sequence } from '../../support/kernel-builders.ts';
import { RunDriver } from '../../support/run-driver.ts';

const cost = (microUsd: number): Usage => ({ ...noUsage, calls: 1, microUsd });

/** Each model is expected to cost what the table says. */
const prices: Readonly<Record<string, number>> = { echo: 100, cheap: 10 };

function model(name: string): ModelFacts {
  const contract = () => ({
    checkInput: () => [],
    checkOutput: () => [],
    estimate: cost(prices[name] ?? 0),
  });
  return { versions: [1], concurrency: 10, openRequests: 0, contract };
}

function chain(budget: Budget, ...ids: readonly string[]): RunDriver {
  const flow = flowOf(sequence(...ids.map((id) => call(id))), { budget });
  const driver = new RunDriver(flow, { model });
  driver.accept();
  return driver;
}

function answer(driver: RunDriver, path: string, usage: Usage): void {
  driver.reply(path, { status: 'succeeded', usage }, { output: { text: 'Hello.' } });
}

describe('a budget', () => {
  it('lets calls through while what they are expected to cost still fits', () => {
    const driver = chain({ microUsd: 200, onExceeded: 'fail' }, 'a', 'b', 'c');
    answer(driver, 'a', cost(60));
    answer(driver, 'b', cost(40));
    expect(driver.open).toEqual(['c']);
    answer(driver, 'c', cost(100));
    expect(driver.run).toMatchObject({ status: 'succeeded', usage: { calls: 3, microUsd: 200 } });
  });

  it('counts what a call really cost, not what was expected', () => {
    const driver = chain({ microUsd: 200, onExceeded: 'fail' }, 'a', 'b');
    answer(driver, 'a', cost(150));
    expect(driver.run.error).toMatchObject({ code: 'budget_exceeded', step: 'b' });
    expect(driver.told).toContain('budget_exceeded');
  });

  it('cannot be overspent by branches that start together', () => {
    const branches = ['a', 'b', 'c', 'd'].map((id) => branch('p', id, call(`p/${id}`)));
    const body = sequence(scatter('p', branches, { join: { need: 2 } }));
    const flow = flowOf(body, { budget: { microUsd: 250, onExceeded: 'fail' } });
    const driver = new RunDriver(flow, { model });
    driver.accept();
    expect(driver.open).toEqual(['p/a', 'p/b']);
  });

  it.each<[keyof Budget, Budget, Usage]>([
    ['calls', { calls: 1, onExceeded: 'fail' }, cost(1)],
    ['tokens', { tokens: 10, onExceeded: 'fail' }, { ...cost(0), inputTokens: 6, outputTokens: 5 }],
    ['computeMs', { computeMs: 10, onExceeded: 'fail' }, { ...cost(0), computeMs: 11 }],
  ])('limits %s', (_, budget, used) => {
    const driver = chain(budget, 'a', 'b');
    answer(driver, 'a', used);
    expect(driver.run.error?.code).toBe('budget_exceeded');
  });

  it('counts a call whose worker reports no usage', () => {
    const driver = chain({ calls: 1, onExceeded: 'fail' }, 'a', 'b');
    driver.succeed('a', {});
    expect(driver.run.error).toMatchObject({ code: 'budget_exceeded', step: 'b' });
  });

  it('counts calls that failed', () => {
    const driver = chain({ microUsd: 150, onExceeded: 'fail' }, 'a');
    driver.failWith('a', { retryable: false, usage: cost(80) });
    expect(driver.run.usage.microUsd).toBe(80);
    expect(driver.run.steps['a']?.usage.microUsd).toBe(80);
  });

  it('keeps set aside what an abandoned call may cost, until it answers after all', () => {
    const branches = ['a', 'b'].map((id) => branch('p', id, call(`p/${id}`)));
    const body = sequence(scatter('p', branches, { join: { need: 1 } }), call('c'));
    const flow = flowOf(body, { budget: { microUsd: 210, onExceeded: 'pause' } });
    const driver = new RunDriver(flow, { model });
    driver.accept();
    driver.reply('p/a', { status: 'succeeded', usage: cost(50) });
    expect(driver.open).toEqual([]);
    driver.reply('p/b', { status: 'succeeded', usage: cost(20) }, { attempt: 1 });
    expect(driver.run.usage.microUsd).toBe(70);
    driver.tell({ type: 'resumed' });
    expect(driver.open).toEqual(['c']);
  });
});

describe('a budget that pauses', () => {
  it('holds the call until an operator lets it go on with more', () => {
    const driver = chain({ microUsd: 150, onExceeded: 'pause' }, 'a', 'b');
    answer(driver, 'a', cost(100));
    expect([driver.run.status, driver.open]).toEqual(['running', []]);
    driver.tell({ type: 'resumed' });
    expect(driver.open).toEqual([]);
    driver.tell({ type: 'resumed', budget: { microUsd: 500 } });
    expect(driver.open).toEqual(['b']);
    answer(driver, 'b', cost(100));
    expect(driver.run.status).toBe('succeeded');
  });
});

describe('a budget that goes on with a cheaper model', () => {
  const budget: Budget = { microUsd: 120, onExceeded: { model: 'cheap' } };

  it('asks that one, and says so in the result', () => {
    const driver = chain(budget, 'a', 'b');
    answer(driver, 'a', cost(100));
    expect(driver.dispatches.map((one) => one.model)).toEqual(['echo', 'cheap']);
    answer(driver, 'b', cost(10));
    expect(driver.run.steps['b']).toMatchObject({
      servedBy: ['cheap@1'],
      degraded: [{ why: 'cheaper', code: 'budget_exceeded' }],
    });
    expect(driver.run.degraded).toEqual(['b']);
  });

  it('fails when even that does not fit', () => {
    const driver = chain(budget, 'a', 'b');
    answer(driver, 'a', cost(115));
    expect(driver.run.error).toMatchObject({ code: 'budget_exceeded', step: 'b' });
  });
});

describe('a budget that a job asks for', () => {
  it.each<[string, Budget | undefined, BudgetAmounts | undefined, Budget | undefined]>([
    ['nothing', undefined, undefined, undefined],
    ['alone', undefined, { calls: 3 }, { calls: 3, onExceeded: 'fail' }],
    ['not at all', { calls: 3, onExceeded: 'pause' }, undefined, { calls: 3, onExceeded: 'pause' }],
    [
      'amount by amount',
      { calls: 3, microUsd: 10, computeMs: 5, onExceeded: 'pause' },
      { calls: 2, microUsd: 20, tokens: 7 },
      { calls: 2, tokens: 7, microUsd: 10, computeMs: 5, onExceeded: 'pause' },
    ],
  ])('holds beside that of its flow: %s', (_, flow, asked, both) => {
    expect(narrowed(flow, asked)).toEqual(both);
  });
});
