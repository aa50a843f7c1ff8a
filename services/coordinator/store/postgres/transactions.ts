import { setTimeout as pause } from 'node:timers/promises';
import { type BackoffPolicy, backoffMs } from '../../../../shared/backoff/backoff.ts';
import { StoreUnavailableError } from '../store.ts';
import type { Connection, Connections } from './connections.ts';
import { isConflict } from './faults.ts';
import { CommitUnansweredError, wasCommitted } from './outcome.ts';
import type { RunNumbers } from './run-numbers.ts';
import type { PostgresSettings } from './settings.ts';
import { PostgresTransaction } from './transaction.ts';

const retry: BackoffPolicy = { initialMs: 2, factor: 2, maxMs: 100, jitter: 'full' };

/** Where transactions of one store take place. */
export interface Place {
  readonly connections: Connections;
  readonly numbers: RunNumbers;
  readonly settings: PostgresSettings;
}

type Work<T> = (transaction: PostgresTransaction) => Promise<T>;

/**
 * Runs work in a transaction of its own, again where the database asks for it. Throws StoreUnavailableError, then nothing was
 * written (unless the outcome of the commit could not be learned in time), or what `work` throws.
 */
export async function inTransaction<T>(place: Place, work: Work<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await once(place, work);
    } catch (error) {
      if (!isConflict(error)) throw error;
      if (attempt >= place.settings.maxConflicts) {
        throw new StoreUnavailableError(
          `The store is contended: ${attempt} attempts failed.`,
          error,
        );
      }
    }
    await pause(backoffMs(retry, attempt, Math.random()));
  }
}

async function once<T>({ connections, numbers, settings }: Place, work: Work<T>): Promise<T> {
  let done: { readonly result: T } | undefined;
  try {
    await connections.use(async (connection) => {
      const transaction = new PostgresTransaction(connection, numbers);
      done = { result: await decided(connection, transaction, work) };
      await commit(connection, transaction);
    });
  } catch (error) {
    if (!(error instanceof CommitUnansweredError)) throw error;
    if (!(await wasCommitted(connections, error, settings.outcomeTimeoutMs))) throw error;
  }
  // Only a commit that took effect comes here.
  return (done as { readonly result: T }).result;
}

async function decided<T>(
  connection: Connection,
  transaction: PostgresTransaction,
  work: Work<T>,
): Promise<T> {
  try {
    const result = await work(transaction);
    transaction.assertSound();
    return result;
  } catch (error) {
    if (transaction.begun) await connection.run('ROLLBACK').catch(() => {});
    transaction.assertSound();
    throw error;
  }
}

async function commit(connection: Connection, { begun, mark }: PostgresTransaction): Promise<void> {
  if (!begun) return;
  try {
    await connection.run('COMMIT');
  } catch (error) {
    if (mark === undefined || !(error instanceof StoreUnavailableError)) throw error;
    throw new CommitUnansweredError(error.cause, { connectionId: connection.id, mark });
  }
}
