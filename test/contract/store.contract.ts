import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Changes, Store } from '../../services/coordinator/store/store.ts';
import { anOutboxRow, aRun, changes } from '../support/run-builder.ts';
import { answersContract } from './store-answers.contract.ts';
import { deadLettersContract } from './store-dead-letters.contract.ts';
import { documentsContract } from './store-documents.contract.ts';
import { placesContract } from './store-places.contract.ts';
import { listingContract } from './store-runs.contract.ts';

export interface StoreFixture {
  readonly name: string;
  /** An empty store. */
  open(): Promise<Store>;
  /** A second handle on what would be there if the process had been killed now. Left out: nothing would. */
  openAsAfterACrash?(): Promise<Store>;
  /** Removes what `open` made. */
  remove(): Promise<void>;
}

/** What every store must do. Call it once for each implementation. */
export function storeContract(fixture: StoreFixture): void {
  describe(fixture.name, () => {
    let store: Store;

    beforeEach(async () => {
      store = await fixture.open();
    });

    afterEach(async () => {
      await store.close();
      await fixture.remove();
    });

    const write = (some: Partial<Changes>) =>
      store.transaction((transaction) => transaction.write(changes(some)));

    describe('a transaction', () => {
      it('writes runs, values, history and outbox together', async () => {
        const run = aRun('one');
        await write({
          runs: [run],
          values: [{ runId: run.id, key: '$payload', value: { text: 'hé 🚢' } }],
          history: [{ runId: run.id, atMs: 1_000, type: 'run_accepted' }],
          outbox: [anOutboxRow('m-1', { runId: run.id, attemptKey: 'step#1' })],
        });
        expect(await store.findRun(run.id)).toEqual(run);
        expect(await store.readValue(run.id, '$payload')).toEqual({ text: 'hé 🚢' });
        expect(await store.readHistory(run.id)).toEqual([
          { runId: run.id, atMs: 1_000, type: 'run_accepted' },
        ]);
        const [row] = await store.takeOverdueOutbox(1_000, 10, 10);
        expect(row).toMatchObject({ id: 'm-1', runId: run.id, attemptKey: 'step#1' });
        expect(Buffer.from(row?.body ?? []).toString()).toBe('{"id":"x"}');
      });

      it('leaves nothing behind when its work throws', async () => {
        const run = aRun('one');
        const work = store.transaction(async (transaction) => {
          await transaction.write(changes({ runs: [run], outbox: [anOutboxRow('m-1')] }));
          throw new Error('no');
        });
        await expect(work).rejects.toThrow('no');
        expect(await store.findRun(run.id)).toBeUndefined();
        expect(await store.takeOverdueOutbox(9_999, 10, 10)).toEqual([]);
      });

      it('tells the time', async () => {
        const before = Date.now();
        const clockMs = await store.clockMs();
        // PostgreSQL may be on another host.
        expect(clockMs).toBeGreaterThan(before - 60_000);
        expect(clockMs).toBeLessThan(before + 60_000);
      });

      it('hands over runs in id order, and only those that exist', async () => {
        const runs = ['a', 'b', 'c', 'd'].map((id) => aRun(id));
        await write({ runs });
        const ids = runs.map((run) => run.id);
        const locked = await store.transaction((transaction) =>
          transaction.lockRuns([...ids, 'nobody', ...ids].reverse()),
        );
        expect([...locked.keys()]).toEqual([...ids].sort());
      });

      it('lets two of them change the same run one after the other', async () => {
        const run = aRun('one');
        await write({ runs: [run] });
        const finish = () =>
          store.transaction(async (transaction) => {
            const locked = (await transaction.lockRuns([run.id])).get(run.id);
            if (locked?.status !== 'running') return 'too late';
            await transaction.write(changes({ runs: [{ ...locked, status: 'succeeded' }] }));
            return 'finished';
          });
        expect((await Promise.all([finish(), finish()])).sort()).toEqual(['finished', 'too late']);
      });

      it('reads the values that exist, its own writes among them', async () => {
        const run = aRun('one');
        await write({ runs: [run], values: [{ runId: run.id, key: 'a', value: 1 }] });
        const values = await store.transaction(async (transaction) => {
          await transaction.lockRuns([run.id]);
          const value = { runId: run.id, key: 'b', value: null };
          await transaction.write(changes({ values: [value] }));
          return transaction.readValues(['a', 'b', 'c'].map((key) => ({ runId: run.id, key })));
        });
        expect(values.map(({ key, value }) => [key, value])).toEqual([
          ['a', 1],
          ['b', null],
        ]);
      });

      it('overwrites a value under the same key', async () => {
        const run = aRun('one');
        await write({ runs: [run], values: [{ runId: run.id, key: 'a', value: 1 }] });
        await write({ values: [{ runId: run.id, key: 'a', value: 2 }] });
        expect(await store.readValue(run.id, 'a')).toBe(2);
      });

      it('refuses values of a run that does not exist', async () => {
        const value = { runId: aRun('ghost').id, key: 'a', value: 1 };
        await expect(write({ values: [value] })).rejects.toMatchObject({ code: 'run_unknown' });
      });

      it('refuses to change a final run, with everything that came along', async () => {
        const run = aRun('one', { status: 'succeeded', dueMs: null, finishedAtMs: 2_000 });
        await write({ runs: [run] });
        const other = aRun('other');
        const late = write({ runs: [other, { ...run, status: 'failed' }] });
        await expect(late).rejects.toMatchObject({ code: 'run_is_final' });
        expect((await store.findRun(run.id))?.status).toBe('succeeded');
        expect(await store.findRun(other.id)).toBeUndefined();
      });

      it('hands over a run as it was committed last, whatever failed since', async () => {
        const run = aRun('one', { revision: 1 });
        await write({ runs: [run] });
        const failing = store.transaction(async (transaction) => {
          await transaction.lockRuns([run.id]);
          await transaction.write(changes({ runs: [{ ...run, revision: 2 }] }));
          throw new Error('after all');
        });
        await expect(failing).rejects.toThrow('after all');
        const locked = await store.transaction((transaction) => transaction.lockRuns([run.id]));
        expect(locked.get(run.id)?.revision).toBe(1);
      });

      it('keeps the history of a run in the order of its writes', async () => {
        const [one, two] = [aRun('one'), aRun('two')];
        const entry = (runId: string, path: string) =>
          ({ runId, atMs: 1, type: 'value_written', path }) as const;
        await write({
          runs: [one, two],
          history: [entry(one.id, 'a'), entry(two.id, 'x'), entry(one.id, 'b')],
        });
        await write({ history: [entry(one.id, 'c')] });
        expect((await store.readHistory(one.id)).map((row) => row.path)).toEqual(['a', 'b', 'c']);
        expect((await store.readHistory(two.id)).map((row) => row.path)).toEqual(['x']);
      });
    });

    describe('due times', () => {
      it('gives open runs that are due, earliest first, up to the limit', async () => {
        const due = (jobId: string, dueMs: number | null) => aRun(jobId, { dueMs });
        const runs = [due('late', 300), due('early', 100), due('later', 301), due('never', null)];
        const ended = aRun('ended', { status: 'failed', dueMs: null });
        await write({ runs: [...runs, ended] });
        expect(await store.dueRunIds(300, 10)).toEqual([runs[1]?.id, runs[0]?.id]);
        expect(await store.dueRunIds(300, 1)).toEqual([runs[1]?.id]);
        expect(await store.nextDueMs()).toBe(100);
      });

      it('knows no next due time when nothing waits', async () => {
        expect(await store.nextDueMs()).toBeNull();
      });

      it('wakes the pending runs of the named flows alone', async () => {
        const pending = aRun('pending', { status: 'pending', flow: 'chain' });
        const elsewhere = aRun('elsewhere', { status: 'pending', flow: 'other' });
        const running = aRun('running', { flow: 'chain' });
        await write({ runs: [pending, elsewhere, running] });
        await store.wakePendingRuns(['chain', 'unknown'], 5_000);
        expect(await store.dueRunIds(5_000, 10)).toEqual([pending.id]);
        expect((await store.findRun(pending.id))?.dueMs).toBe(5_000);
        const locked = await store.transaction((transaction) => transaction.lockRuns([pending.id]));
        expect(locked.get(pending.id)?.dueMs).toBe(5_000);
      });

      it('lists open runs page by page', async () => {
        const runs = ['a', 'b', 'c'].map((id) => aRun(id));
        const ended = aRun('d', { status: 'cancelled', dueMs: null });
        await write({ runs: [...runs, ended, aRun('e', { dueMs: null })] });
        const first = await store.openRunIds('', 3);
        const rest = await store.openRunIds(first.at(-1) ?? '', 3);
        expect([first.length, rest.length]).toEqual([3, 1]);
        const ids = [...runs, aRun('e')].map((run) => run.id);
        expect([...first, ...rest].sort()).toEqual(ids.sort());
      });
    });

    describe('the outbox', () => {
      it('gives overdue rows once, until their lease is over', async () => {
        const row = (id: string, dueAtMs: number) => anOutboxRow(id, { dueAtMs });
        await write({ outbox: [row('b', 200), row('a', 100), row('c', 900)] });
        const taken = await store.takeOverdueOutbox(500, 1_000, 10);
        expect(taken.map(({ id }) => id)).toEqual(['a', 'b']);
        expect(await store.takeOverdueOutbox(500, 1_000, 10)).toEqual([]);
        const again = await store.takeOverdueOutbox(1_500, 1_000, 10);
        expect(again.map(({ id }) => id).sort()).toEqual(['a', 'b', 'c']);
      });

      it('forgets rows that were published', async () => {
        await write({ outbox: [anOutboxRow('a'), anOutboxRow('b')] });
        await write({ published: ['a', 'unknown'] });
        const left = await store.takeOverdueOutbox(9_999, 10, 10);
        expect(left.map(({ id }) => id)).toEqual(['b']);
      });

      it('keeps a row that is written again while its former message is confirmed', async () => {
        await write({ outbox: [anOutboxRow('a')] });
        await write({ outbox: [anOutboxRow('a', { routingKey: 'echo.v2' })], published: ['a'] });
        const rows = await store.takeOverdueOutbox(9_999, 10, 10);
        expect(rows.map(({ routingKey }) => routingKey)).toEqual(['echo.v2']);
      });

      it('replaces a row that is written again', async () => {
        await write({ outbox: [anOutboxRow('a', { routingKey: 'echo.v1' })] });
        await write({ outbox: [anOutboxRow('a', { routingKey: 'echo.v2', dueAtMs: 2 })] });
        const rows = await store.takeOverdueOutbox(9_999, 10, 10);
        expect(rows.map(({ routingKey }) => routingKey)).toEqual(['echo.v2']);
      });
    });

    describe('flows and manifests', () => {
      it('keeps a flow definition by its digest', async () => {
        const flow = { digest: 'd1', name: 'chain', version: 2, document: { flow: 'chain' } };
        await store.saveFlow(flow);
        await store.saveFlow(flow);
        expect(await store.findFlow('d1')).toEqual(flow);
        expect(await store.findFlow('d2')).toBeUndefined();
        expect(await store.transaction((work) => work.findFlow('d1'))).toEqual(flow);
      });

      it('keeps the latest manifest of each version of a model', async () => {
        const manifest = (version: number, seenAtMs: number) => ({
          model: 'echo',
          version,
          manifest: { seenAtMs },
          seenAtMs,
        });
        await store.saveManifest(manifest(1, 1));
        await store.saveManifest(manifest(2, 1));
        await store.saveManifest(manifest(1, 9));
        expect(await store.manifests()).toEqual([manifest(1, 9), manifest(2, 1)]);
      });
    });

    listingContract(() => store);
    answersContract(() => store);
    placesContract(() => store);
    documentsContract(() => store);
    deadLettersContract(() => store);

    it('says that it cannot be used once it is closed, however often it is closed', async () => {
      await store.close();
      await store.close();
      await expect(store.findRun('x')).rejects.toMatchObject({ code: 'store_unavailable' });
      await expect(write({})).rejects.toMatchObject({ code: 'store_unavailable' });
    });

    const { openAsAfterACrash } = fixture;
    if (!openAsAfterACrash) return;

    it('has after a crash what was committed, and nothing else', async () => {
      const [one, two] = [aRun('one'), aRun('two')];
      await write({ runs: [one], outbox: [anOutboxRow('m-1')] });
      const written = Promise.withResolvers<void>();
      const crashed = Promise.withResolvers<void>();
      const unfinished = store.transaction(async (transaction) => {
        await transaction.write(changes({ runs: [two] }));
        written.resolve();
        await crashed.promise;
      });
      await written.promise;
      const survivor = await openAsAfterACrash();
      expect(await survivor.findRun(one.id)).toEqual(one);
      expect(await survivor.findRun(two.id)).toBeUndefined();
      expect(await survivor.takeOverdueOutbox(1_000, 10, 10)).toHaveLength(1);
      await survivor.close();
      crashed.resolve();
      await unfinished;
    });
  });
}
