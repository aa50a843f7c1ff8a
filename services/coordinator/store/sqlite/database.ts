import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { FleetError } from '../../../../shared/errors/errors.ts';

const migrations = join(import.meta.dirname, 'migrations');
/** Longest wait for another process that holds the file's write lock; the event loop stands still meanwhile. */
const BUSY_TIMEOUT_MS = 2_000;
/** 32 MiB of log: a page that changes in many commits is copied into the database once. */
const CHECKPOINT_PAGES = 8_000;

/**
 * Opens a database file, makes its folder, and brings its tables to this build's version. `:memory:` is a private one.
 * Throws FleetError `store_too_new` for a file that a newer build migrated.
 */
export function openDatabase(file: string): DatabaseSync {
  if (file !== ':memory:') mkdirSync(dirname(file), { recursive: true });
  const database = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS });
  try {
    database.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      PRAGMA temp_store = MEMORY;
      PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES};
    `);
    migrate(database);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function migrate(database: DatabaseSync): void {
  const files = readdirSync(migrations)
    .filter((file) => file.endsWith('.sql'))
    .sort();
  // Taken before the version is read, so that two processes never apply the same migration.
  database.exec('BEGIN IMMEDIATE');
  try {
    const row = database.prepare('PRAGMA user_version').get() as { user_version: number };
    if (row.user_version > files.length) {
      throw new FleetError(
        'store_too_new',
        `The store was written by a newer Flotilla (its tables have version ${row.user_version}, this build knows ${files.length}). Start that version, or name another file.`,
      );
    }
    for (const file of files.slice(row.user_version)) {
      database.exec(readFileSync(join(migrations, file), 'utf8'));
    }
    database.exec(`PRAGMA user_version = ${files.length}`);
    database.exec('COMMIT');
  } catch (error) {
    database.exec('ROLLBACK');
    throw error;
  }
}
