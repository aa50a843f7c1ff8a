import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPostgresStore } from '../../../services/coordinator/store/postgres/postgres-store.ts';
import { type TestDatabase, testDatabase } from '../../support/postgres.ts';
import { aRun, changes } from '../../support/run-builder.ts';

const storeModule = join(
  import.meta.dirname,
  '../../../services/coordinator/store/postgres/postgres-store.ts',
);
let database: TestDatabase;

beforeAll(async () => {
  database = await testDatabase();
});

afterAll(() => database.stop());

/** Another process that opens the store and closes it. Answers its exit code and what it said. */
async function opener(schema: string): Promise<{ code: unknown; errors: string }> {
  const program = `
    import { openPostgresStore } from ${JSON.stringify(storeModule)};
    const store = await openPostgresStore(${JSON.stringify(database.url)}, { schema: '${schema}' });
    await store.close();`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  let errors = '';
  child.stderr.on('data', (text: Buffer) => {
    errors += text;
  });
  const [code] = await once(child, 'close');
  return { code, errors };
}

describe('migrations', () => {
  it('are applied once when several processes start together', async () => {
    const endings = await Promise.all(['', '', ''].map(() => opener('together')));
    expect(endings).toEqual(endings.map(() => ({ code: 0, errors: '' })));
    const rows = await database.sql('SELECT version, file FROM together.migrations ORDER BY 1');
    expect(rows).toEqual([
      { version: 1, file: '001-initial.sql' },
      { version: 2, file: '002-policies.sql' },
      { version: 3, file: '003-tenants.sql' },
    ]);
  });

  it('of a newer build are refused', async () => {
    await (await openPostgresStore(database.url, { schema: 'newer' })).close();
    await database.sql(`INSERT INTO newer.migrations (version, file) VALUES (999, '999-x.sql')`);
    await expect(openPostgresStore(database.url, { schema: 'newer' })).rejects.toMatchObject({
      code: 'store_too_new',
      message: expect.stringContaining('written by a newer Flotilla'),
    });
  });

  it('that are applied need no right to make tables', async () => {
    await (await openPostgresStore(database.url, { schema: 'least' })).close();
    const role = `flotilla_test_role_${process.pid}`;
    await database.sql(`
      CREATE ROLE ${role} LOGIN;
      GRANT USAGE ON SCHEMA least TO ${role};
      GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA least TO ${role};
      GRANT USAGE ON ALL SEQUENCES IN SCHEMA least TO ${role};`);
    try {
      const url = new URL(database.url);
      url.username = role;
      const store = await openPostgresStore(url.href, { schema: 'least' });
      const run = aRun('least');
      await store.transaction((work) => work.write(changes({ runs: [run] })));
      expect(await store.findRun(run.id)).toEqual(run);
      await store.close();
    } finally {
      await database.sql(`DROP OWNED BY ${role}; DROP ROLE ${role};`);
    }
  });

  it('leave nothing behind when the database is not there', async () => {
    const url = new URL(database.url);
    url.pathname = '/flotilla_no_such_database';
    await expect(openPostgresStore(url.href)).rejects.toMatchObject({ code: 'store_unusable' });
  });

  it('take no schema that is no plain name', async () => {
    await expect(
      openPostgresStore(database.url, { schema: 'public; DROP TABLE runs' }),
    ).rejects.toMatchObject({ code: 'config_invalid' });
  });
});
