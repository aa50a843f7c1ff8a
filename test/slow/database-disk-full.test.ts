import { randomBytes } from 'node:crypto';
import { chown, stat } from 'node:fs/promises';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openPostgresStore } from '../../services/coordinator/store/postgres/postgres-store.ts';
import type { Store } from '../../services/coordinator/store/store.ts';
import { silentLogger } from '../../shared/telemetry/logger.ts';
import { chainFlow } from '../support/chain-flow.ts';
import { eventually } from '../support/eventually.ts';
import { InProcessFleet, marks } from '../support/in-process-fleet.ts';
import type { PrivatePostgres } from '../support/postgres/running-postgres.ts';
import { startPrivatePostgres } from '../support/postgres.ts';
import { type SmallDisk, smallDisk } from '../support/small-disk.ts';

let disk: SmallDisk;
let postgres: PrivatePostgres;
let store: Store;
const fleet = new InProcessFleet();

beforeAll(async () => {
  disk = await smallDisk(64);
  postgres = await startPrivatePostgres();
  store = await openPostgresStore(await onDisk('full'));
});
afterAll(async () => {
  await fleet.close();
  await store?.close();
  await postgres?.stop();
  await disk?.remove();
});

/** Makes a database whose tables are on the small disk; the server's own log of changes is not. */
async function onDisk(name: string): Promise<string> {
  const url = await postgres.addDatabase(name);
  const admin = new Client({ connectionString: postgres.url });
  await admin.connect();
  const { rows } = await admin.query('SHOW data_directory');
  const { uid, gid } = await stat(rows[0].data_directory);
  await chown(disk.folder, uid, gid);
  await admin.query(`CREATE TABLESPACE small LOCATION '${disk.folder}'`);
  await admin.query(`ALTER DATABASE "${name}" SET TABLESPACE small`);
  await admin.end();
  return url;
}

it('a database whose disk is full takes no run and loses none: the job is run once there is space', async () => {
  const warnings: (string | undefined)[] = [];
  const warn = (fields: { readonly code?: string }) => warnings.push(fields.code);
  const worker = await fleet.worker('one', marks('1'));
  const flow = chainFlow(['one'], 'chain', { deadline: '4m' });
  await fleet.coordinator([flow], { store, logger: { ...silentLogger, warn } });
  const client = await fleet.client();
  await client.run('chain', { text: 'before' });
  await disk.fill();
  const { run } = await client.submit('chain', { text: randomBytes(50_000).toString('hex') });
  await eventually(() => warnings.length > 1, { timeoutMs: 15_000 });
  expect(new Set(warnings)).toEqual(new Set(['store_unavailable']));
  expect(await store.findRun(run)).toBeUndefined();
  expect(worker.requests).toHaveLength(1);
  await disk.free();
  expect((await client.result(run, { timeoutMs: 30_000 })).run.status).toBe('succeeded');
});
