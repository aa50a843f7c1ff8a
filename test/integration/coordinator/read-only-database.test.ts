import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openPostgresStore } from '../../../services/coordinator/store/postgres/postgres-store.ts';
import type { Store } from '../../../services/coordinator/store/store.ts';
import { silentLogger } from '../../../shared/telemetry/logger.ts';
import { queue } from '../../../shared/transport/topology.ts';
import { chainFlow } from '../../support/chain-flow.ts';
import { eventually } from '../../support/eventually.ts';
import { InProcessFleet, marks } from '../../support/in-process-fleet.ts';
import { type TestDatabase, testDatabase } from '../../support/postgres.ts';

const flow = chainFlow(['one'], 'chain', { deadline: '2m' });
let database: TestDatabase;
let store: Store;
let fleet: InProcessFleet;
/** Codes of what the coordinator warned of. */
let warnings: unknown[];
const warn = (fields: { readonly code?: string }) => warnings.push(fields.code);
const logger = { ...silentLogger, warn };

beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.stop());
beforeEach(async () => {
  warnings = [];
  fleet = new InProcessFleet();
  store = await openPostgresStore(database.url);
});
afterEach(async () => {
  await fleet.close();
  await store.close();
});

/** What new sessions may do. */
async function readOnly(setting: 'on' | 'off'): Promise<void> {
  const [row] = await database.sql('SELECT current_database() AS name');
  const change = `ALTER DATABASE "${row?.['name']}" SET default_transaction_read_only = ${setting}`;
  await database.sql(`BEGIN READ WRITE; ${change}; COMMIT`);
}

/** As a database that became somebody's standby: sessions end, and new ones may not write. */
async function becomeReadOnly(): Promise<void> {
  await readOnly('on');
  await database.sql(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE datname = current_database() AND application_name = 'flotilla'`,
  );
}

describe('a database that may only be read', () => {
  it('takes no run and loses none: the job waits at the broker and is run once writing works again', async () => {
    const worker = await fleet.worker('one', marks('1'));
    await fleet.coordinator([flow], { store, logger });
    const client = await fleet.client();
    await client.run('chain', { text: 'before' });
    await becomeReadOnly();

    const { run } = await client.submit('chain', { text: 'go' });
    await eventually(() => warnings.length > 1);
    expect(new Set(warnings)).toEqual(new Set(['store_unavailable']));
    expect(await store.findRun(run)).toBeUndefined();
    expect(worker.requests).toHaveLength(1);

    await readOnly('off');
    expect((await client.result(run, { timeoutMs: 15_000 })).payload).toEqual({ text: 'go1' });
    expect(worker.requests).toHaveLength(2);
  });

  it('has acknowledged nothing: a coordinator that ends meanwhile leaves the job at the broker', async () => {
    await fleet.worker('one', marks('1'));
    const coordinator = await fleet.coordinator([flow], { store, logger });
    const client = await fleet.client();
    await client.run('chain', { text: 'before' });
    await becomeReadOnly();
    const { run } = await client.submit('chain', { text: 'go' });
    await eventually(() => warnings.length > 0);
    expect(fleet.broker.waiting(queue.jobs)).toEqual([]);
    await coordinator.stop();
    expect(fleet.broker.waiting(queue.jobs)).toHaveLength(1);

    await readOnly('off');
    await store.close();
    store = await openPostgresStore(database.url);
    await fleet.coordinator([flow], { store });
    expect((await client.result(run, { timeoutMs: 15_000 })).payload).toEqual({ text: 'go1' });
  });

  it('is written again as soon as it may be: no connection stays as it was', async () => {
    await becomeReadOnly();
    const write = () => store.saveManifest({ model: 'm', version: 1, manifest: {}, seenAtMs: 1 });
    await expect(write()).rejects.toMatchObject({ code: 'store_unavailable' });
    await expect(store.dueRunIds(0, 1)).rejects.toMatchObject({ code: 'store_unavailable' });
    await readOnly('off');
    await write();
    expect(await store.dueRunIds(0, 1)).toEqual([]);
  });
});
