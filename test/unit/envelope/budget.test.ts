import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { budgetText, readBudget } from '../../../shared/envelope/budget.ts';

describe('a budget as text', () => {
  it('has the words of a flow file, and is read as the units that are counted', () => {
    const text = ' usd=0.05, calls = 10,tokens=5000 ,seconds=1.5';
    expect(readBudget(text)).toEqual({
      amounts: { calls: 10, tokens: 5_000, microUsd: 50_000, computeMs: 1_500 },
      problems: [],
    });
  });

  it('is written so that it is read as it was', () => {
    const upTo = (max: number) => fc.integer({ min: 1, max });
    const amounts = fc.record(
      {
        calls: upTo(1_000_000),
        tokens: upTo(1_000_000_000),
        microUsd: upTo(1_000_000_000_000),
        computeMs: upTo(2_592_000_000),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(
        amounts.filter((each) => Object.keys(each).length > 0),
        (each) => {
          expect(readBudget(budgetText(each))).toEqual({ amounts: each, problems: [] });
        },
      ),
    );
  });

  it('tells all that is wrong with it at once', () => {
    const { problems } = readBudget('call=3,calls=0,calls=1.5,usd=1e9,tokens=5,tokens=6,');
    expect(problems).toEqual([
      expect.stringMatching(/^A budget is made of .*; "call=3" is none of these\.$/),
      'calls of a budget is a whole number from 1 to 1000000, not "0".',
      'calls of a budget is a whole number from 1 to 1000000, not "1.5".',
      'usd of a budget is an amount from 0.000001 to 1000000, not "1e9".',
      'The budget names tokens twice.',
      expect.stringMatching(/"" is none of these\.$/),
    ]);
  });

  it.each(['', 'constructor=1', 'usd', 'usd=', 'usd=-1', 'usd=0.0000001', 'seconds=2592001'])(
    'is not "%s"',
    (text) => {
      expect(readBudget(text).problems).toHaveLength(1);
    },
  );
});
