import { describe, expect, it } from 'vitest';
import type { Budget } from '../../../shared/flow/kernel.ts';
import { flowOf, problemOf } from '../../support/flow-text.ts';

const step = '- { step: a, model: m }';

function budgetOf(written: string): Budget | undefined {
  return flowOf(step, `budget: ${written}\n`).flow.budget;
}

describe('a budget', () => {
  it('is what each run may use in all, and what becomes of a call beyond it', () => {
    expect(
      budgetOf('{ seconds: 1.5, calls: 20, tokens: 10000, usd: 0.05, onExceeded: pause }'),
    ).toEqual({
      computeMs: 1_500,
      calls: 20,
      tokens: 10_000,
      microUsd: 50_000,
      onExceeded: 'pause',
    });
    expect(budgetOf('{ calls: 3 }')).toEqual({ calls: 3, onExceeded: 'fail' });
    expect(budgetOf('{ usd: 0.1, onExceeded: { model: cheap@2 } }')).toEqual({
      microUsd: 100_000,
      onExceeded: { model: 'cheap', version: 2 },
    });
    expect(budgetOf('{ usd: 0.1, onExceeded: { model: cheap } }')?.onExceeded).toEqual({
      model: 'cheap',
    });
  });

  it('is left out where none is written', () => {
    expect(flowOf(step).flow).not.toHaveProperty('budget');
  });

  it.each([
    [
      '{}',
      'budget_empty',
      'budget',
      /^A budget limits something: seconds, calls, tokens or usd\.$/,
    ],
    ['{ onExceeded: pause }', 'budget_empty', 'budget', /limits something/],
    ['{ calls: 0 }', 'structure_invalid', 'budget.calls', /at least 1/],
    ['{ usd: 0 }', 'structure_invalid', 'budget.usd', /at least 0\.000001/],
    ['{ call: 3 }', 'key_unknown', 'budget.call', /Did you mean "calls"/],
    [
      '{ calls: 3, onExceeded: stop }',
      'structure_invalid',
      'budget.onExceeded',
      /Expected "fail" or "pause", found "stop"/,
    ],
    [
      '{ calls: 3, onExceeded: { model: Cheap } }',
      'structure_invalid',
      'budget.onExceeded.model',
      /a name has small letters/,
    ],
    ['20', 'structure_invalid', 'budget', /Expected a map, found 20/],
  ])('refuses %s', (written, code, path, says) => {
    const problem = problemOf(step, `budget: ${written}\n`);
    expect(problem).toMatchObject({ code, path, line: 7 });
    expect(problem.message).toMatch(says);
  });
});
