import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { openSqliteStore } from '../../services/coordinator/store/sqlite/sqlite-store.ts';
import { storeContract } from './store.contract.ts';

let folder = '';

/** The process that took the lease lives on in this test. */
function endLease(file: string): void {
  const database = new DatabaseSync(file);
  database.exec('UPDATE lease SET expires_at_ms = 0');
  database.close();
}

storeContract({
  name: 'SQLite in a file',
  async open() {
    folder = await mkdtemp(join(tmpdir(), 'flotilla-store-'));
    return openSqliteStore(join(folder, 'store.db'));
  },
  async openAsAfterACrash() {
    // What a crash leaves is what is on the disk now: the database and its log, without the shared memory.
    const copy = join(folder, 'copy');
    for (const file of ['store.db', 'store.db-wal']) {
      await cp(join(folder, file), join(copy, file));
    }
    endLease(join(copy, 'store.db'));
    return openSqliteStore(join(copy, 'store.db'));
  },
  async remove() {
    await rm(folder, { recursive: true });
  },
});

storeContract({
  name: 'SQLite in memory',
  open: async () => openSqliteStore(':memory:'),
  remove: async () => {},
});
