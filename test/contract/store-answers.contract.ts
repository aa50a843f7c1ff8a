import { describe, expect, it } from 'vitest';
import type { AnswerChanges, Store } from '../../services/coordinator/store/store.ts';
import { changes } from '../support/run-builder.ts';
import { aClaim, anAnswer } from '../support/store-rows.ts';

export function answersContract(current: () => Store): void {
  const write = (some: Partial<AnswerChanges>) =>
    current().transaction((transaction) =>
      transaction.write(changes({ answers: { released: [], kept: [], claimed: [], ...some } })),
    );
  const read = (keys: readonly string[], nowMs: number) =>
    current().transaction((transaction) => transaction.readAnswers(keys, nowMs));

  describe('shared answers', () => {
    it('are read as they were kept, until nobody has a use for them', async () => {
      const answer = anAnswer('a', { keepUntilMs: 5_000 });
      await write({ kept: [answer] });
      expect(await read(['a', 'b'], 4_999)).toEqual(new Map([['a', { answer, claim: null }]]));
      expect(await read(['a'], 5_000)).toEqual(new Map());
    });

    it('replace what was there', async () => {
      await write({ kept: [anAnswer('a'), anAnswer('b')] });
      const newer = anAnswer('a', { output: { text: 'new' }, atMs: 2_000 });
      await write({ kept: [anAnswer('a', { atMs: 1_500 }), newer] });
      expect((await read(['a', 'b'], 1_000)).get('a')?.answer).toEqual(newer);
    });

    it('end the claim on them, whoever has it', async () => {
      await write({ claimed: [aClaim('a', 'run-1')] });
      await write({ kept: [anAnswer('a')] });
      expect((await read(['a'], 1_500)).get('a')?.claim).toBeNull();
    });

    it('do not know of a claim that is over', async () => {
      const claim = aClaim('a', 'run-1', { untilMs: 2_000 });
      await write({ claimed: [claim] });
      expect(await read(['a'], 1_999)).toEqual(new Map([['a', { answer: null, claim }]]));
      expect(await read(['a'], 2_000)).toEqual(new Map());
    });

    it('are known together with the claim of a run that gets a newer one', async () => {
      const [answer, claim] = [anAnswer('a'), aClaim('a', 'run-1')];
      await write({ kept: [answer] });
      await write({ claimed: [claim] });
      expect(await read(['a'], 1_500)).toEqual(new Map([['a', { answer, claim }]]));
    });

    it('are claimed again by the run that has the claim, and by another one once it is over', async () => {
      await write({ claimed: [aClaim('a', 'run-1')] });
      await write({ claimed: [aClaim('a', 'run-1', { untilMs: 3_000 })] });
      const taken = aClaim('a', 'run-2', { sinceMs: 3_000, untilMs: 9_000 });
      await write({ claimed: [taken] });
      expect((await read(['a'], 3_000)).get('a')?.claim).toEqual(taken);
    });

    it('are not claimed twice: the work is run again, and sees the claim', async () => {
      await write({ claimed: [aClaim('a', 'run-1')] });
      const seen: unknown[] = [];
      const outcome = await current().transaction(async (transaction) => {
        if (seen.length > 0) {
          const { claim } = (await transaction.readAnswers(['a'], 1_000)).get('a') ?? {};
          return claim?.runId;
        }
        seen.push('looked too early');
        const claimed = [aClaim('a', 'run-2', { sinceMs: 1_999 })];
        await transaction.write(changes({ answers: { released: [], kept: [], claimed } }));
        return 'claimed twice';
      });
      expect(outcome).toBe('run-1');
    });

    it('belong to the first of several claims that are made together', async () => {
      await write({ claimed: [aClaim('a', 'run-1'), aClaim('b', 'run-2'), aClaim('a', 'run-2')] });
      const known = await read(['a', 'b'], 1_500);
      expect([known.get('a')?.claim?.runId, known.get('b')?.claim?.runId]).toEqual([
        'run-1',
        'run-2',
      ]);
    });

    it('are free once their own run gives its claim up, and can be claimed in the same step', async () => {
      await write({ claimed: [aClaim('a', 'run-1'), aClaim('b', 'run-1'), aClaim('c', 'run-1')] });
      const released = ['a', 'c'].map((key) => ({ key, runId: 'run-1' }));
      const claimed = [aClaim('c', 'run-3')];
      await write({ released: [...released, { key: 'b', runId: 'run-2' }], claimed });
      const known = await read(['a', 'b', 'c'], 1_500);
      const holders = ['a', 'b', 'c'].map((key) => known.get(key)?.claim?.runId);
      expect(holders).toEqual([undefined, 'run-1', 'run-3']);
    });

    it('are forgotten when they are of no use any more, and so are claims that are over', async () => {
      await write({ kept: [anAnswer('a', { keepUntilMs: 5_000 }), anAnswer('b')] });
      await write({ claimed: [aClaim('c', 'run-1'), aClaim('d', 'run-1', { untilMs: 9_000 })] });
      await current().forgetAnswers(5_000);
      // Read as if it were earlier: what is gone is gone.
      expect([...(await read(['a', 'b', 'c', 'd'], 0)).keys()]).toEqual(['b', 'd']);
    });
  });
}
