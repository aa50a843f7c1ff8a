import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPostgresStore } from '../../../services/coordinator/store/postgres/postgres-store.ts';
import type { Store } from '../../../services/coordinator/store/store.ts';
import { chainFlow } from '../../support/chain-flow.ts';
import { eventually } from '../../support/eventually.ts';
import { InProcessFleet, marks } from '../../support/in-process-fleet.ts';
import { type TestDatabase, testDatabase } from '../../support/postgres.ts';

const fleet = new InProcessFleet();
let database: TestDatabase;
let store: Store;
let blocker: Client;

beforeAll(async () => {
  database = await testDatabase();
  store = await openPostgresStore(database.url);
  blocker = new Client({ connectionString: database.url });
  await blocker.connect();
});

afterAll(async () => {
  await blocker.end();
  await fleet.close();
  await store.close();
  await database.stop();
});

/** Waits until so many transactions are held up by the lock on the history. */
async function heldUp(count: number): Promise<void> {
  const waiting = `SELECT count(*)::int FROM pg_locks WHERE NOT granted AND relation = 'history'::regclass`;
  await eventually(async () => (await database.sql(waiting))[0]?.['count'] === count);
}

describe('a model that is announced while a job is being written', () => {
  it('starts the run of that job too', async () => {
    await fleet.coordinator([chainFlow(['late'])], { store });
    const client = await fleet.client();
    const earlier = await client.submit('chain', { text: 'a' });
    await eventually(async () => (await store.findRun(earlier.run))?.status === 'pending');
    await blocker.query('BEGIN');
    await blocker.query('LOCK TABLE history IN SHARE MODE');
    const late = await client.submit('chain', { text: 'b' });
    await heldUp(1);

    await fleet.worker('late', marks('!'));
    // The waiting run was found, and the one that is being written was not.
    await heldUp(2);
    await blocker.query('COMMIT');

    expect((await client.result(earlier.run)).payload).toEqual({ text: 'a!' });
    expect((await client.result(late.run, { timeoutMs: 5_000 })).payload).toEqual({ text: 'b!' });
  });
});
