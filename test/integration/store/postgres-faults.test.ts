import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openPostgresStore } from '../../../services/coordinator/store/postgres/postgres-store.ts';
import type { Store } from '../../../services/coordinator/store/store.ts';
import { eventually } from '../../support/eventually.ts';
import { type TestDatabase, testDatabase } from '../../support/postgres.ts';
import { anOutboxRow, aRun, changes } from '../../support/run-builder.ts';
import { TcpProxy } from '../../support/tcp-proxy.ts';

const schema = 'faults';
let database: TestDatabase;
let direct: Store;
let proxy: TcpProxy;
let store: Store;
let onCommit: () => void;
let count = 0;

beforeAll(async () => {
  database = await testDatabase();
  direct = await openPostgresStore(database.url, { schema });
});

afterAll(async () => {
  await direct.close();
  await database.stop();
});

beforeEach(async () => {
  onCommit = () => {};
  const { hostname, port } = new URL(database.url);
  const target = { host: hostname, port: Number(port || 5432) };
  proxy = await TcpProxy.start(target, (bytes) => {
    if (bytes.includes('COMMIT\0')) onCommit();
  });
  store = await openPostgresStore(proxy.url(database.url), {
    schema,
    connectTimeoutMs: 500,
    answerTimeoutMs: 1_500,
    statementTimeoutMs: 1_200,
    lockTimeoutMs: 300,
    idleInTransactionTimeoutMs: 3_500,
    maxConnections: 4,
  });
});

afterEach(async () => {
  proxy.heal();
  await store.close();
  await proxy.close();
});

function newRun() {
  count += 1;
  return aRun(`run-${count}`);
}

/** Ends every connection of the stores but the one that asks. */
const terminateAll = () =>
  database.sql(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE datname = current_database() AND application_name = 'flotilla' AND pid <> pg_backend_pid()`,
  );

const unavailable = { code: 'store_unavailable' };

describe('a connection that breaks', () => {
  it('in mid transaction leaves nothing behind, and the store goes on', async () => {
    const run = newRun();
    const work = store.transaction(async (transaction) => {
      await transaction.write(changes({ runs: [run] }));
      await terminateAll();
      await transaction.lockRuns([run.id]);
    });
    await expect(work).rejects.toMatchObject(unavailable);
    expect(await eventually(async () => [await store.findRun(run.id)])).toEqual([undefined]);
    await store.transaction((transaction) => transaction.write(changes({ runs: [run] })));
    expect(await store.findRun(run.id)).toEqual(run);
  });

  it('while the work is busy elsewhere throws nothing into the process', async () => {
    const run = newRun();
    const work = store.transaction(async (transaction) => {
      await transaction.write(changes({ runs: [run] }));
      await terminateAll();
      await eventually(async () => {
        const [row] = await database.sql(
          `SELECT count(*)::int AS open FROM pg_stat_activity WHERE state LIKE 'idle in%' AND datname = current_database()`,
        );
        return row?.['open'] === 0;
      });
    });
    await expect(work).rejects.toMatchObject(unavailable);
    expect(await direct.findRun(run.id).catch(() => direct.findRun(run.id))).toBeUndefined();
  });

  it('while nobody uses it is replaced unseen', async () => {
    await store.findRun('nobody');
    proxy.reset();
    await eventually(async () => (await store.findRun('nobody')) === undefined);
  });

  it('without a word is given up, and found dead only once', async () => {
    await store.findRun('nobody');
    proxy.silence('both');
    await expect(store.findRun('nobody')).rejects.toMatchObject(unavailable);
    proxy.heal();
    await eventually(async () => (await store.findRun('nobody')) === undefined);
  });
});

describe('a commit whose answer is lost', () => {
  it('is told as done when it took effect, and its work is not run again', async () => {
    const run = newRun();
    let calls = 0;
    onCommit = () => {
      onCommit = () => {};
      proxy.silence('to-client');
      void eventually(async () => (await direct.findRun(run.id)) !== undefined).then(() => {
        proxy.heal();
        proxy.reset();
      });
    };
    const answer = await store.transaction(async (transaction) => {
      calls += 1;
      await transaction.write(changes({ runs: [run], outbox: [anOutboxRow(`m-${run.id}`)] }));
      return 'done';
    });
    expect(answer).toBe('done');
    expect(calls).toBe(1);
    expect(await store.findRun(run.id)).toEqual(run);
  });

  it('is told as not done when the COMMIT never arrived', async () => {
    const run = newRun();
    onCommit = () => {
      onCommit = () => {};
      proxy.reset();
    };
    const work = store.transaction((transaction) => transaction.write(changes({ runs: [run] })));
    await expect(work).rejects.toMatchObject(unavailable);
    expect(await store.findRun(run.id)).toBeUndefined();
  });

  it('is told only when the server has given the transaction up, if it may still come', async () => {
    const run = newRun();
    let waiting: unknown;
    const work = store.transaction(async (transaction) => {
      await transaction.write(changes({ runs: [run] }));
      // The server sees an open transaction that never goes on.
      proxy.silence('both');
      const before = proxy.connections;
      void eventually(() => proxy.connections > before).then(async () => {
        [waiting] = await database.sql(
          `SELECT count(*)::int AS open FROM pg_stat_activity
           WHERE state = 'idle in transaction' AND datname = current_database()`,
        );
        proxy.heal();
      });
    });
    await expect(work).rejects.toMatchObject(unavailable);
    expect(waiting).toEqual({ open: 1 });
    expect(await store.findRun(run.id)).toBeUndefined();
    await store.transaction((transaction) => transaction.write(changes({ runs: [run] })));
    expect(await store.findRun(run.id)).toEqual(run);
  });

  it('matters to nobody when the transaction wrote nothing', async () => {
    onCommit = () => {
      onCommit = () => {};
      proxy.reset();
    };
    const work = store.transaction((transaction) => transaction.lockRuns(['nobody']));
    await expect(work).rejects.toMatchObject(unavailable);
  });
});

describe('a transaction that cannot go on', () => {
  it('because a run stays locked is unavailable after the lock time-out, and works once it is free', async () => {
    const run = newRun();
    await direct.transaction((transaction) => transaction.write(changes({ runs: [run] })));
    const lock = () => store.transaction((transaction) => transaction.lockRuns([run.id]));
    await direct.transaction(async (transaction) => {
      await transaction.lockRuns([run.id]);
      await expect(lock()).rejects.toMatchObject(unavailable);
    });
    expect((await lock()).size).toBe(1);
  });

  it('because its process sleeps loses its locks to the others', async () => {
    const run = newRun();
    await direct.transaction((transaction) => transaction.write(changes({ runs: [run] })));
    const wakeUp = Promise.withResolvers<void>();
    const asleep = Promise.withResolvers<void>();
    const sleeper = store.transaction(async (transaction) => {
      await transaction.lockRuns([run.id]);
      asleep.resolve();
      await wakeUp.promise;
      await transaction.write(changes({ runs: [{ ...run, watch: true }] }));
    });
    await asleep.promise;
    // Waits longer for the lock than the sleeper may sleep.
    const locked = await direct.transaction((transaction) => transaction.lockRuns([run.id]));
    expect(locked.size).toBe(1);
    wakeUp.resolve();
    await expect(sleeper).rejects.toMatchObject(unavailable);
    expect(await direct.findRun(run.id)).toEqual(run);
  });

  it('because of a deadlock is run again', async () => {
    const [first, second] = [newRun(), newRun()];
    await direct.transaction((transaction) =>
      transaction.write(changes({ runs: [first, second] })),
    );
    let attempts = 0;
    let locks = 0;
    const bothLocked = Promise.withResolvers<void>();
    const inTurn = (ids: readonly [string, string]) =>
      direct.transaction(async (transaction) => {
        attempts += 1;
        const locked = await transaction.lockRuns([ids[0]]);
        locks += 1;
        if (locks === 2) bothLocked.resolve();
        await bothLocked.promise;
        await transaction.lockRuns([ids[1]]);
        const run = locked.get(ids[0]) ?? first;
        await transaction.write(
          changes({ runs: [{ ...run, usage: { ...run.usage, calls: run.usage.calls + 1 } }] }),
        );
      });
    await Promise.all([inTurn([first.id, second.id]), inTurn([second.id, first.id])]);
    // The database says how often; each of them counts once all the same.
    expect(attempts).toBeGreaterThan(2);
    const runs = await Promise.all([first, second].map(({ id }) => direct.findRun(id)));
    expect(runs.map((run) => run?.usage.calls)).toEqual([1, 1]);
  });

  it('says the first fault when its work swallowed it', async () => {
    const run = newRun();
    const work = direct.transaction(async (transaction) => {
      const ghost = { runId: aRun('ghost').id, key: 'a', value: 1 };
      await transaction.write(changes({ values: [ghost] })).catch(() => {});
      await transaction.write(changes({ runs: [run] })).catch(() => {});
    });
    await expect(work).rejects.toMatchObject({ code: 'run_unknown' });
    expect(await direct.findRun(run.id)).toBeUndefined();
  });
});

describe('data', () => {
  it('comes back as it was, whatever stands in it', async () => {
    const run = newRun();
    const value = {
      nul: 'a\u0000b',
      half: '\ud800',
      quote: `'"\\{},NULL`,
      big: 1.7976931348623157e308,
    };
    const body = Uint8Array.from([0, 255, 92, 34, 120]);
    const row = anOutboxRow(`m-${run.id}`, { body, dueAtMs: -1, headers: { x: '\u0000' } });
    await direct.transaction((transaction) =>
      transaction.write(
        changes({ runs: [run], values: [{ runId: run.id, key: `'; --`, value }], outbox: [row] }),
      ),
    );
    expect(await direct.readValue(run.id, `'; --`)).toEqual(value);
    const [taken] = await direct.takeOverdueOutbox(0, 1e15, 1);
    expect(taken).toMatchObject({ id: row.id, headers: row.headers, dueAtMs: -1 });
    expect(Uint8Array.from(taken?.body ?? [])).toEqual(body);
  });

  it('that PostgreSQL refuses fails its own transaction alone', async () => {
    const run = newRun();
    const values = [{ runId: run.id, key: 'a\u0000', value: 1 }];
    const work = direct.transaction((transaction) =>
      transaction.write(changes({ runs: [run], values })),
    );
    await expect(work).rejects.toThrow(/0x00/);
    await expect(work).rejects.not.toMatchObject(unavailable);
    expect(await direct.findRun(run.id)).toBeUndefined();
  });
});
