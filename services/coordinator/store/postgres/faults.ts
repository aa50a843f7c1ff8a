import { DatabaseError } from 'pg';
import { tlsFault } from '../../../../shared/tls/tls-fault.ts';
import { RaceLostError } from '../race.ts';
import { StoreUnavailableError } from '../store.ts';

/** A standby that is not promoted yet, or a primary that is none any more. */
const READ_ONLY = '25006';

/** SQLSTATE codes and classes (two letters) that say nothing about the data: the same work may succeed later. */
const transientCodes: readonly string[] = [
  '08', // connection exceptions
  READ_ONLY,
  '25P03', // idle in transaction for too long
  '53', // no memory, no disk space, too many connections
  '55P03', // lock not available in time
  '57014', // statement took too long
  '57P', // shutdown, crash, starting up, database dropped
  '58', // input/output
];

/** SQLSTATE codes with which PostgreSQL asks for the transaction to be run again. */
const conflictCodes: readonly string[] = ['40001', '40P01'];

/** True when the same transaction, run again at once, may succeed. */
export function isConflict(error: unknown): boolean {
  if (error instanceof RaceLostError) return true;
  return error instanceof DatabaseError && conflictCodes.includes(error.code ?? '');
}

/**
 * True when the connection that the fault came from may still be used once its transaction is rolled back. A session that may
 * only read stays so after a failover, and when writing is allowed again: a new one reaches who may write.
 */
export function leavesConnectionUsable(error: unknown): boolean {
  if (!(error instanceof DatabaseError)) return true;
  return error.severity === 'ERROR' && error.code !== READ_ONLY;
}

/** A fault that a query of this store met: StoreUnavailableError, or the fault itself when it is about the data. */
export function classifyFault(error: unknown): unknown {
  if (error instanceof StoreUnavailableError) return error;
  // What is not the server's word is the connection's: reset, refused, timed out, closed.
  if (error instanceof DatabaseError && !isTransient(error)) return error;
  const { message, code } = error as { message?: string; code?: string };
  const tls = error instanceof Error && !(error instanceof DatabaseError) && tlsFault(error);
  if (tls) {
    const sentence = `No connection to the database: ${tls.advice} (${message}).`;
    return new StoreUnavailableError(sentence, error, tls.code);
  }
  // Several addresses that all refuse make an error without a message.
  const reason = message || code || String(error);
  return new StoreUnavailableError(`The store cannot be used right now: ${reason}.`, error);
}

function isTransient({ code = '' }: DatabaseError): boolean {
  return transientCodes.some((prefix) => code.startsWith(prefix));
}
