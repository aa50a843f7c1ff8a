import { describe, expect, it } from 'vitest';
import type { Run } from '../../services/coordinator/engine/run.ts';
import type { RunFilter, Store } from '../../services/coordinator/store/store.ts';
import { aRun, changes } from '../support/run-builder.ts';

export function listingContract(current: () => Store): void {
  const write = (some: Parameters<typeof changes>[0]) =>
    current().transaction((transaction) => transaction.write(changes(some)));
  const list = async (filter: RunFilter = {}, limit = 10, before?: string) =>
    (await current().listRuns(filter, limit, before && aRun(before).id)).map(({ jobId }) => jobId);
  const ended = (jobId: string, status: Run['status'], flow = 'chain') =>
    aRun(jobId, { status, flow, dueMs: null, finishedAtMs: 2_000 });

  describe('runs are listed', () => {
    it('newest first, page by page, whatever became of them', async () => {
      await write({ runs: ['a', 'b', 'c'].map((jobId) => aRun(jobId)) });
      await write({ runs: [ended('d', 'failed', 'other'), aRun('e', { flow: 'third' })] });
      await write({ runs: [ended('a', 'succeeded')] });
      expect(await list({}, 2)).toEqual(['e', 'd']);
      expect(await list({}, 2, 'd')).toEqual(['c', 'b']);
      expect(await list({}, 9, 'b')).toEqual(['a']);
      expect(await list({}, 9, 'nobody')).toEqual([]);
      expect((await current().listRuns({}, 9)).at(-1)).toEqual(ended('a', 'succeeded'));
    });

    it('by flow and by every status', async () => {
      const statuses = [
        'pending',
        'running',
        'succeeded',
        'failed',
        'timed_out',
        'cancelled',
      ] as const;
      for (const flow of ['chain', 'other']) {
        for (const status of statuses) {
          const open = status === 'pending' || status === 'running';
          const of = (at: number) => `${flow} ${status} ${at}`;
          const run = (at: number) =>
            open ? aRun(of(at), { status, flow }) : ended(of(at), status, flow);
          await write({ runs: [run(1)] });
          await write({ runs: [run(2)] });
        }
      }
      for (const status of statuses) {
        const of = (flow: string, ...at: number[]) => at.map((each) => `${flow} ${status} ${each}`);
        expect(await list({ status, flow: 'chain' })).toEqual(of('chain', 2, 1));
        expect(await list({ status })).toEqual([...of('other', 2, 1), ...of('chain', 2, 1)]);
        expect(await list({ status }, 1, `other ${status} 2`)).toEqual(of('other', 1));
      }
      expect(await list({ flow: 'chain' }, 3)).toEqual([
        ...['chain cancelled 2', 'chain cancelled 1', 'chain timed_out 2'],
      ]);
      expect(await list({ flow: 'unknown' })).toEqual([]);
    });

    it('of one tenant: a page is full, whatever lies between', async () => {
      const statuses = ['running', 'succeeded', 'failed'] as const;
      for (const status of statuses) {
        for (const at of [1, 2, 3]) {
          const some = { status, flow: `f${at % 2}` };
          await write({ runs: [aRun(`own ${status} ${at}`, some)] });
          const others = [1, 2].map((each) => `other ${status} ${at} ${each}`);
          await write({ runs: others.map((id) => aRun(id, { ...some, tenant: 'other' })) });
        }
      }
      const tenant = 'default';
      for (const status of statuses) {
        const own = (...at: number[]) => at.map((each) => `own ${status} ${each}`);
        expect(await list({ tenant, status }, 2)).toEqual(own(3, 2));
        expect(await list({ tenant, status }, 2, `own ${status} 2`)).toEqual(own(1));
        expect(await list({ tenant, status, flow: 'f1' })).toEqual(own(3, 1));
      }
      const all = await list({ tenant }, 4);
      expect(all).toEqual(['own failed 3', 'own failed 2', 'own failed 1', 'own succeeded 3']);
      expect(await list({ tenant }, 9, all.at(-1))).toHaveLength(5);
      expect(await list({ tenant: 'other' }, 99)).toHaveLength(18);
      expect(await list({ tenant: 'nobody' })).toEqual([]);
    });

    it('under the status that they have now', async () => {
      await write({ runs: [aRun('a', { status: 'pending' })] });
      await write({ runs: [aRun('a')] });
      expect(await list({ status: 'pending' })).toEqual([]);
      expect(await list({ status: 'running' })).toEqual(['a']);
      await write({ runs: [ended('a', 'timed_out')] });
      expect(await list({ status: 'running' })).toEqual([]);
      expect(await list({ status: 'timed_out' })).toEqual(['a']);
    });
  });

  describe('the values of a run', () => {
    it('are all read, and none of another run', async () => {
      const [one, two] = [aRun('one'), aRun('two')];
      const value = (run: Run, key: string) => ({ runId: run.id, key, value: { key } });
      const values = [value(one, 'b'), value(two, 'c'), value(one, 'a')];
      await write({ runs: [one, two], values });
      expect(await current().readValues(one.id)).toEqual([value(one, 'a'), value(one, 'b')]);
      expect(await current().readValues(aRun('nobody').id)).toEqual([]);
    });
  });
}
