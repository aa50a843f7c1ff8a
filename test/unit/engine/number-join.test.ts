import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkedDecide } from '../../support/checked-decide.ts';
import { branch, call, flowOf, scatter, sequence, valueAt } from '../../support/kernel-builders.ts';
import { RunDriver } from '../../support/run-driver.ts';

/** What each branch will answer, the order in which they do, and how many must succeed. */
const races = fc.array(fc.boolean(), { minLength: 1, maxLength: 6 }).chain((answers) =>
  fc.record({
    answers: fc.constant(answers),
    order: fc.shuffledSubarray([...answers.keys()], { minLength: answers.length }),
    need: fc.integer({ min: 1, max: answers.length }),
  }),
);

describe('a join that needs a number of branches', () => {
  it('takes the first that succeed, whatever the order, and never fires twice', () => {
    fc.assert(
      fc.property(races, ({ answers, order, need }) => {
        const branches = answers.map((_, n) => branch('p', `b${n}`, call(`p/b${n}`)));
        const node = scatter('p', branches, { join: { need } });
        const flow = flowOf(sequence(node), { output: valueAt('p') });
        const driver = new RunDriver(flow, { decide: checkedDecide });
        driver.accept();
        for (const n of [...order, ...order]) {
          if (answers[n]) driver.succeed(`p/b${n}`, { n });
          else driver.failWith(`p/b${n}`, { retryable: false });
        }
        const winners = order.filter((n) => answers[n]).slice(0, need);
        if (winners.length < need) {
          expect(driver.run.error?.code).toBe('join_impossible');
          return;
        }
        const payload = Object.fromEntries(winners.map((n) => [`b${n}`, { n }]));
        expect(driver.result).toMatchObject({ status: 'succeeded', payload });
        expect(Object.keys(driver.result.payload ?? {})).toHaveLength(need);
        expect(driver.run.missing).toHaveLength(answers.length - need);
        expect(driver.told.filter((type) => type === 'join_fired')).toHaveLength(1);
      }),
    );
  });
});
