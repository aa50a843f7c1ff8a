import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FleetError } from '../../../../shared/errors/errors.ts';
import type { Connection, Connections } from './connections.ts';

const folder = join(import.meta.dirname, 'migrations');

/**
 * Brings the tables to this build's version, in one transaction. Processes that start together take turns. Throws
 * FleetError `store_too_new` for tables that a newer build migrated, `store_unsuitable` for a database that is not UTF-8.
 */
export async function migrate(connections: Connections, schema: string): Promise<void> {
  await connections.use(async (connection) => {
    await connection.run('BEGIN ISOLATION LEVEL READ COMMITTED');
    try {
      // A migration may take long, and so may waiting for another process that does it.
      await connection.run('SET LOCAL statement_timeout = 0');
      await connection.run('SET LOCAL lock_timeout = 0');
      await connection.run(advisoryLock, [schema]);
      await assertUtf8(connection);
      await applyMissing(connection, schema);
      await connection.run('COMMIT');
    } catch (error) {
      await connection.run('ROLLBACK').catch(() => {});
      throw error;
    }
  });
}

const advisoryLock = {
  name: 'migrationLock',
  text: `SELECT pg_advisory_xact_lock(hashtextextended('flotilla migrations of ' || $1, 0))`,
};

async function assertUtf8(connection: Connection): Promise<void> {
  const { rows } = await connection.run<{ server_encoding: string }>('SHOW server_encoding');
  const encoding = rows[0]?.server_encoding;
  if (encoding === 'UTF8') return;
  throw new FleetError(
    'store_unsuitable',
    `The database has the encoding ${encoding}; Flotilla needs UTF8. Make one with: CREATE DATABASE flotilla ENCODING 'UTF8' TEMPLATE template0.`,
  );
}

async function applyMissing(connection: Connection, schema: string): Promise<void> {
  const files = readdirSync(folder)
    .filter((file) => file.endsWith('.sql'))
    .sort();
  const version = await currentVersion(connection, schema);
  if (version > files.length) {
    throw new FleetError(
      'store_too_new',
      `The store was written by a newer Flotilla (its tables have version ${version}, this build knows ${files.length}). Start that version, or name another database.`,
    );
  }
  for (const [index, file] of files.entries()) {
    if (index < version) continue;
    await connection.run(readFileSync(join(folder, file), 'utf8'));
    await connection.run(recordMigration, [index + 1, file]);
  }
}

const recordMigration = {
  name: 'recordMigration',
  text: 'INSERT INTO migrations (version, file) VALUES ($1, $2)',
};

/** Makes the schema and the table of migrations only where they are missing: a process may lack the right to make any. */
async function currentVersion(connection: Connection, schema: string): Promise<number> {
  const { rows } = await connection.run<{ found: boolean; schema: boolean }>(
    `SELECT to_regclass('${schema}.migrations') IS NOT NULL AS found, to_regnamespace('${schema}') IS NOT NULL AS schema`,
  );
  if (!rows[0]?.schema) await connection.run(`CREATE SCHEMA ${schema}`);
  if (!rows[0]?.found) {
    await connection.run(
      `CREATE TABLE ${schema}.migrations (
        version integer PRIMARY KEY,
        file text NOT NULL,
        applied_at timestamptz NOT NULL DEFAULT now()
      )`,
    );
    return 0;
  }
  const versions = await connection.run<{ version: number | null }>(
    `SELECT max(version) AS version FROM ${schema}.migrations`,
  );
  return versions.rows[0]?.version ?? 0;
}
