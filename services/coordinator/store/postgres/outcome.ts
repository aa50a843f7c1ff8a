import { setTimeout as pause } from 'node:timers/promises';
import { type BackoffPolicy, backoffMs } from '../../../../shared/backoff/backoff.ts';
import { StoreUnavailableError } from '../store.ts';
import type { Connections } from './connections.ts';
import { statements } from './statements.ts';

const retry: BackoffPolicy = { initialMs: 50, factor: 2, maxMs: 1_000, jitter: 'full' };

/** A COMMIT was sent and its answer never came: nobody knows yet whether it took effect. */
export class CommitUnansweredError extends StoreUnavailableError {
  readonly connectionId: string;
  readonly mark: number;

  constructor(cause: unknown, commit: { readonly connectionId: string; readonly mark: number }) {
    super('The store did not answer a COMMIT.', cause);
    this.connectionId = commit.connectionId;
    this.mark = commit.mark;
  }
}

/**
 * Tells whether it took effect, by the mark that the transaction left in the table of commits. PostgreSQL's own
 * pg_xact_status cannot tell: a server that crashed may have given the same transaction id to another one since. Waits for a
 * database that is away; throws StoreUnavailableError when the time is over and nobody knows.
 */
export async function wasCommitted(
  connections: Connections,
  { connectionId, mark }: CommitUnansweredError,
  timeoutMs: number,
): Promise<boolean> {
  const endMs = performance.now() + timeoutMs;
  for (let attempt = 1; ; attempt += 1) {
    try {
      const { rows } = await connections.run<{ mark: string }>(statements.readMark, [connectionId]);
      return Number(rows[0]?.mark) === mark;
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error;
      if (connections.closed || performance.now() > endMs) throw error;
      await pause(backoffMs(retry, attempt, Math.random()));
    }
  }
}
