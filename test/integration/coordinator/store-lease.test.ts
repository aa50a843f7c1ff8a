import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSqliteStore } from '../../../services/coordinator/store/sqlite/sqlite-store.ts';
import { anOutboxRow, aRun, changes } from '../../support/run-builder.ts';

const storeModule = join(
  import.meta.dirname,
  '../../../services/coordinator/store/sqlite/sqlite-store.ts',
);

let folder: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flotilla-lease-'));
  file = join(folder, 'deep', 'store.db');
});

afterEach(() => rm(folder, { recursive: true }));

/** Another process that opens the file and holds it until it is killed. */
async function holder() {
  const program = `
    import { openSqliteStore } from ${JSON.stringify(storeModule)};
    openSqliteStore(${JSON.stringify(file)});
    console.log('open');
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  return {
    pid: child.pid,
    kill: async () => {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

/** Changes the lease row behind the store's back. */
function rewriteLease(assignment: string): void {
  const database = new DatabaseSync(file);
  database.exec(`UPDATE lease SET ${assignment}`);
  database.close();
}

describe('the lease of a SQLite file', () => {
  it('refuses a second handle in the same process', async () => {
    const store = openSqliteStore(file);
    expect(() => openSqliteStore(file)).toThrow(/store.db is used by process \d+.*DATABASE_URL/);
    await store.close();
    await openSqliteStore(file).close();
  });

  it('refuses a second process by name, and is taken over at once when that process was killed', async () => {
    const other = await holder();
    expect(() => openSqliteStore(file)).toThrow(`used by process ${other.pid} on ${hostname()}`);
    await other.kill();
    await openSqliteStore(file).close();
  });

  it('is taken over when it has expired, whoever held it', async () => {
    const other = await holder();
    rewriteLease(`host = 'elsewhere', expires_at_ms = ${Date.now() - 1}`);
    await openSqliteStore(file).close();
    await other.kill();
  });

  it('is respected on another host, where no process can be looked at', async () => {
    await openSqliteStore(file).close();
    const store = openSqliteStore(file);
    rewriteLease(`host = 'elsewhere', pid = 1`);
    expect(() => openSqliteStore(file)).toThrow('process 1 on elsewhere');
    await store.close();
  });

  it('is taken over from an earlier process that had the same process id', async () => {
    const store = openSqliteStore(file);
    rewriteLease(`token = 'of an earlier life'`);
    const second = openSqliteStore(file);
    await store.close();
    await second.close();
  });

  it('lets a process that lost it change nothing', async () => {
    const store = openSqliteStore(file);
    rewriteLease(`token = 'somebody else'`);
    const write = store.transaction((work) => work.write(changes({ runs: [aRun('one')] })));
    await expect(write).rejects.toMatchObject({ code: 'lease_lost' });
    expect(await store.findRun(aRun('one').id)).toBeUndefined();
    await store.close();
  });

  it('makes the outbox rows of the dead process due at once', async () => {
    const store = openSqliteStore(file);
    const row = anOutboxRow('m-1', { dueAtMs: Date.now() + 60_000 });
    await store.transaction((work) => work.write(changes({ outbox: [row] })));
    await store.close();
    const next = openSqliteStore(file);
    expect(await next.takeOverdueOutbox(Date.now(), 1_000, 10)).toHaveLength(1);
    await next.close();
  });

  it('does not open a file that a newer build has migrated', async () => {
    await openSqliteStore(file).close();
    const database = new DatabaseSync(file);
    database.exec('PRAGMA user_version = 999');
    database.close();
    expect(() => openSqliteStore(file)).toThrow('written by a newer Flotilla');
  });
});
