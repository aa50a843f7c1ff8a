import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { RaceLostError } from '../race.ts';
import { StoreUnavailableError } from '../store.ts';
import { classifyFault } from './faults.ts';
import type { Lease } from './lease.ts';
import { Turns } from './turns.ts';

/** Work that looks at what it changes never has to be run again: it is alone with the file. */
const MOST_ATTEMPTS = 3;

/**
 * One connection, one transaction at a time: everything else, reads too, waits for its turn, so that nobody sees what is not
 * committed. Every commit is on the disk before it is told (synchronous = FULL).
 */
export class SqliteConnection {
  readonly #database: DatabaseSync;
  readonly #lease: Lease;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #rollback: StatementSync;
  readonly #turns = new Turns();
  #closed = false;

  constructor(database: DatabaseSync, lease: Lease) {
    this.#database = database;
    this.#lease = lease;
    this.#begin = database.prepare('BEGIN IMMEDIATE');
    this.#commit = database.prepare('COMMIT');
    this.#rollback = database.prepare('ROLLBACK');
    lease.keep((renew) => void this.read(renew).catch(() => {}));
  }

  read<T>(query: () => T): Promise<T> {
    return this.#turns.take(() => this.#guarded(query));
  }

  /** One transaction without a pause. */
  change<T>(work: () => T): Promise<T> {
    return this.#turns.take(() => this.#write(async () => work()));
  }

  /** One transaction; again where `work` meets a RaceLostError. `onCommitted` is told on the same turn. */
  transaction<T>(work: () => Promise<T>, onCommitted: () => void): Promise<T> {
    return this.#turns.take(async () => {
      for (let attempt = 1; ; attempt += 1) {
        try {
          const result = await this.#write(work);
          onCommitted();
          return result;
        } catch (error) {
          if (!(error instanceof RaceLostError)) throw error;
          if (attempt < MOST_ATTEMPTS) continue;
          throw new StoreUnavailableError('The store is contended.', error);
        }
      }
    });
  }

  /** Waits for what is in hand. Idempotent. */
  close(): Promise<void> {
    return this.#turns.take(() => {
      if (this.#closed) return;
      this.#closed = true;
      this.#lease.release();
      this.#database.close();
    });
  }

  /** Call it on its turn only. */
  async #write<T>(work: () => Promise<T>): Promise<T> {
    this.#guarded(() => this.#begin.run());
    try {
      this.#lease.assertHeld();
      const result = await work();
      this.#commit.run();
      return result;
    } catch (error) {
      // Some faults (a full disk) have rolled it back already.
      if (this.#database.isTransaction) this.#rollback.run();
      throw classifyFault(error);
    }
  }

  #guarded<T>(query: () => T): T {
    if (this.#closed) throw new StoreUnavailableError('The store is closed.');
    try {
      return query();
    } catch (error) {
      throw classifyFault(error);
    }
  }
}
