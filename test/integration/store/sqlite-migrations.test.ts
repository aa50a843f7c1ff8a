import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openSqliteStore } from '../../../services/coordinator/store/sqlite/sqlite-store.ts';
import { aRun } from '../../support/run-builder.ts';

const migrations = join(
  import.meta.dirname,
  '../../../services/coordinator/store/sqlite/migrations',
);
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'flotilla-migrations-'));
});

afterAll(() => rmSync(folder, { recursive: true }));

/** A file as the build wrote it that knew the first `version` migrations. */
function fileOfVersion(version: number): { file: string; database: DatabaseSync } {
  const file = join(folder, `version-${version}.db`);
  const database = new DatabaseSync(file);
  const files = readdirSync(migrations).toSorted().slice(0, version);
  for (const name of files) database.exec(readFileSync(join(migrations, name), 'utf8'));
  database.exec(`PRAGMA user_version = ${version}`);
  return { file, database };
}

it('runs of a file from before tenants were a column are listed to their tenant', async () => {
  const { file, database } = fileOfVersion(4);
  const insert = database.prepare(
    `INSERT INTO runs (id, flow, status, due_ms, record) VALUES (?, ?, 'running', NULL, ?)`,
  );
  const runs = [aRun('job-1', { tenant: 'acme' }), aRun('job-2')];
  for (const run of runs) insert.run(run.id, run.flow, JSON.stringify(run));
  database.close();
  const store = openSqliteStore(file);
  try {
    const [acme, usual] = runs;
    const listed = async (tenant: string) =>
      (await store.listRuns({ tenant }, 10)).map(({ id }) => id);
    expect(await listed('acme')).toEqual([acme?.id]);
    expect(await listed('default')).toEqual([usual?.id]);
  } finally {
    await store.close();
  }
});
