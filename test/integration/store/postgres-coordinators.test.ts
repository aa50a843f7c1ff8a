import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Run } from '../../../services/coordinator/engine/run.ts';
import { openPostgresStore } from '../../../services/coordinator/store/postgres/postgres-store.ts';
import type { Changes, Store } from '../../../services/coordinator/store/store.ts';
import { type TestDatabase, testDatabase } from '../../support/postgres.ts';
import { anOutboxRow, aRun, changes } from '../../support/run-builder.ts';

let database: TestDatabase;
let count = 0;
let one: Store;
let two: Store;

beforeAll(async () => {
  database = await testDatabase();
});

afterAll(() => database.stop());

beforeEach(async () => {
  count += 1;
  const open = () =>
    openPostgresStore(database.url, { schema: `pair_${count}`, dueLeaseMs: 1_000 });
  [one, two] = await Promise.all([open(), open()]);
});

afterEach(async () => {
  await Promise.all([one.close(), two.close()]);
});

const write = (store: Store, some: Partial<Changes>) =>
  store.transaction((transaction) => transaction.write(changes(some)));

/** Counts one call on each run. */
function touch(store: Store, ids: readonly string[]): Promise<void> {
  return store.transaction(async (transaction) => {
    const locked = await transaction.lockRuns(ids);
    const runs = [...locked.values()].map(
      (run): Run => ({ ...run, usage: { ...run.usage, calls: run.usage.calls + 1 } }),
    );
    await transaction.write(changes({ runs }));
  });
}

/** Holds locks on runs until the answered function is called. */
async function hold(store: Store, ids: readonly string[]): Promise<() => Promise<void>> {
  const locked = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const held = store.transaction(async (transaction) => {
    await transaction.lockRuns(ids);
    locked.resolve();
    await released.promise;
  });
  await locked.promise;
  return async () => {
    released.resolve();
    await held;
  };
}

async function deadlocks(): Promise<unknown> {
  const [row] = await database.sql(
    'SELECT deadlocks::int FROM pg_stat_database WHERE datname = current_database()',
  );
  return row?.['deadlocks'];
}

describe('two coordinators on one database', () => {
  it('lose no change of a run that both work on', async () => {
    const runs = Array.from({ length: 20 }, (_, index) => aRun(`shared-${index}`));
    await write(one, { runs });
    const ids = runs.map((run) => run.id);
    const before = await deadlocks();
    const rounds = Array.from({ length: 25 }, (_, round) => [
      touch(one, ids),
      touch(two, ids.toReversed()),
      touch(round % 2 ? one : two, ids.slice(5, 15)),
    ]);
    await Promise.all(rounds.flat());
    const calls = await Promise.all(ids.map(async (id) => (await two.findRun(id))?.usage.calls));
    expect(calls).toEqual(ids.map((_, index) => (index >= 5 && index < 15 ? 75 : 50)));
    expect(await deadlocks()).toBe(before);
  });

  it('accept a job once that reaches both at the same time', async () => {
    const run = aRun('twice');
    const found: string[] = [];
    const bothLooked = Promise.withResolvers<void>();
    let looks = 0;
    const accept = (store: Store, name: string) =>
      store.transaction(async (transaction) => {
        const known = (await transaction.lockRuns([run.id])).get(run.id);
        looks += 1;
        if (looks === 2) bothLooked.resolve();
        await bothLooked.promise;
        if (known) {
          found.push(name);
          return;
        }
        const history = [{ runId: run.id, atMs: 1, type: 'run_accepted' }] as const;
        await transaction.write(changes({ runs: [run], history }));
      });
    await Promise.all([accept(one, 'one'), accept(two, 'two')]);
    expect(found).toHaveLength(1);
    expect(looks).toBe(3);
    expect(await one.readHistory(run.id)).toHaveLength(1);
  });

  it('never overwrite what the other has finished', async () => {
    const run = aRun('ended');
    await write(one, { runs: [run] });
    await write(two, { runs: [{ ...run, status: 'succeeded', dueMs: null }] });
    const late = write(one, { runs: [{ ...run, status: 'failed', dueMs: null }] });
    await expect(late).rejects.toMatchObject({ code: 'run_is_final' });
    expect(await one.findRun(run.id)).toMatchObject({ status: 'succeeded' });
  });

  it('never take the same due run', async () => {
    const runs = Array.from({ length: 60 }, (_, index) => aRun(`due-${index}`, { dueMs: index }));
    await write(one, { runs });
    const taken = await Promise.all([one, two, one, two].map((store) => store.dueRunIds(100, 15)));
    const [byOne, byTwo] = [
      new Set([...taken[0]!, ...taken[2]!]),
      new Set([...taken[1]!, ...taken[3]!]),
    ];
    expect(byOne.isDisjointFrom(byTwo)).toBe(true);
    expect(Math.min(byOne.size, byTwo.size)).toBeGreaterThanOrEqual(15);
  });

  it('leave a due run that the other has taken alone until its lease is over', async () => {
    const [run, later] = [aRun('due', { dueMs: 100 }), aRun('later', { dueMs: 9_000 })];
    await write(one, { runs: [run, later] });
    expect(await one.dueRunIds(200, 10)).toEqual([run.id]);
    expect(await two.dueRunIds(200, 10)).toEqual([]);
    expect(await one.nextDueMs()).toBe(100);
    expect(await two.nextDueMs()).toBe(1_200);
    expect(await two.dueRunIds(1_200, 10)).toEqual([run.id]);
  });

  it('give a run free once it was written', async () => {
    const run = aRun('due', { dueMs: 100 });
    await write(one, { runs: [run] });
    await one.dueRunIds(200, 10);
    await touch(one, [run.id]);
    expect(await two.nextDueMs()).toBe(100);
    expect(await two.dueRunIds(200, 10)).toEqual([run.id]);
  });

  it('skip a due run that the other is working on, without waiting', async () => {
    const [busy, free] = [aRun('busy', { dueMs: 100 }), aRun('free', { dueMs: 200 })];
    await write(one, { runs: [busy, free] });
    const release = await hold(one, [busy.id]);
    expect(await two.dueRunIds(300, 1)).toEqual([free.id]);
    await release();
    expect(await two.dueRunIds(300, 1)).toEqual([busy.id]);
  });

  it('never take the same overdue outbox row', async () => {
    const outbox = Array.from({ length: 60 }, (_, index) => anOutboxRow(`m-${index}`));
    await write(one, { outbox });
    const taken = await Promise.all(
      [one, two, one, two].map((store) => store.takeOverdueOutbox(5_000, 1_000, 15)),
    );
    const ids = taken.flat().map((row) => row.id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.length).toBeGreaterThanOrEqual(15);
  });

  it('wake pending runs without losing what the other writes', async () => {
    const run = aRun('pending', { status: 'pending', dueMs: 9_000 });
    await write(one, { runs: [run] });
    const locked = Promise.withResolvers<void>();
    const writing = two.transaction(async (transaction) => {
      const before = (await transaction.lockRuns([run.id])).get(run.id);
      locked.resolve();
      await transaction.write(changes({ runs: [{ ...(before ?? run), watch: true }] }));
    });
    await locked.promise;
    await Promise.all([one.wakePendingRuns([run.flow], 5_000), writing]);
    expect(await one.findRun(run.id)).toMatchObject({ watch: true, dueMs: 5_000 });
    expect(await one.nextDueMs()).toBe(5_000);
  });
});
