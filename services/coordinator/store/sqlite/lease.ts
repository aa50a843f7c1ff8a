import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { FleetError } from '../../../../shared/errors/errors.ts';

/**
 * The right to use a database file: one row, one process.
 * 1. A lease is taken when nobody has it, when it has expired, or when its process is gone from this host.
 * 2. Its holder renews it long before it expires, and checks inside every writing transaction that it still has it: a
 *    process that was suspended for longer than the lease can change nothing when it wakes up.
 */
const LEASE_MS = 30_000;
const RENEW_MS = 10_000;

interface LeaseRow {
  readonly token: string;
  readonly host: string;
  readonly pid: number;
  readonly expires_at_ms: number;
}

/** Tokens of this process: a lease with our pid and another token belongs to an earlier process with the same pid. */
const ownTokens = new Set<string>();

export class Lease {
  readonly #token = randomUUID();
  readonly #database: DatabaseSync;
  readonly #file: string;
  readonly #current: StatementSync;
  readonly #extend: StatementSync;
  #timer: NodeJS.Timeout | undefined;

  constructor(database: DatabaseSync, file: string) {
    this.#database = database;
    this.#file = file;
    this.#current = database.prepare('SELECT token, host, pid, expires_at_ms FROM lease');
    this.#extend = database.prepare('UPDATE lease SET expires_at_ms = ? WHERE token = ?');
  }

  /** Takes the lease or throws FleetError `store_in_use`. */
  take(): void {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      const holder = this.#current.get() as LeaseRow | undefined;
      if (holder && isAlive(holder)) throw inUse(this.#file, holder);
      this.#database
        .prepare('REPLACE INTO lease (id, token, host, pid, expires_at_ms) VALUES (1, ?, ?, ?, ?)')
        .run(this.#token, hostname(), process.pid, Date.now() + LEASE_MS);
      this.#database.exec('COMMIT');
    } catch (error) {
      this.#database.exec('ROLLBACK');
      throw error;
    }
    ownTokens.add(this.#token);
  }

  /** Renews the lease from time to time; `turn` finds a moment between transactions. */
  keep(turn: (renew: () => void) => void): void {
    const renew = () => void this.#extend.run(Date.now() + LEASE_MS, this.#token);
    this.#timer = setInterval(() => turn(renew), RENEW_MS);
    this.#timer.unref();
  }

  /** Throws FleetError `lease_lost` when another process owns the file now. Call it inside a writing transaction. */
  assertHeld(): void {
    const holder = this.#current.get() as LeaseRow | undefined;
    if (holder?.token === this.#token) return;
    throw new FleetError(
      'lease_lost',
      `Another process has taken over ${this.#file} while this one did not answer. Stop this one.`,
    );
  }

  /** Gives the lease back. */
  release(): void {
    clearInterval(this.#timer);
    ownTokens.delete(this.#token);
    this.#database.prepare('DELETE FROM lease WHERE token = ?').run(this.#token);
  }
}

function isAlive(holder: LeaseRow): boolean {
  if (holder.expires_at_ms <= Date.now()) return false;
  if (holder.host !== hostname()) return true;
  if (holder.pid === process.pid) return ownTokens.has(holder.token);
  try {
    process.kill(holder.pid, 0);
    return true;
  } catch (error) {
    // EPERM: the process is there but belongs to somebody else.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function inUse(file: string, holder: LeaseRow): FleetError {
  return new FleetError(
    'store_in_use',
    `${file} is used by process ${holder.pid} on ${holder.host}. One coordinator uses a SQLite file at a time: stop that process, name another file, or set DATABASE_URL to a PostgreSQL database that several coordinators can share.`,
    { details: { file, pid: holder.pid, host: holder.host } },
  );
}
