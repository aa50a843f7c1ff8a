import { StoreUnavailableError } from '../store.ts';

/** Primary result codes of SQLite that say nothing about the data: the same work may succeed later. */
const transientCodes = new Map([
  [5, 'busy'],
  [6, 'locked'],
  [7, 'out of memory'],
  [8, 'read-only'],
  [10, 'input/output error'],
  [13, 'disk full'],
  [14, 'cannot open'],
]);

/** A fault of the file or the disk as StoreUnavailableError; anything else as it is. */
export function classifyFault(error: unknown): unknown {
  const extended = (error as { errcode?: unknown } | null)?.errcode;
  if (typeof extended !== 'number') return error;
  // The low byte of an extended result code is the primary one.
  const meaning = transientCodes.get(extended & 0xff);
  if (meaning === undefined) return error;
  return new StoreUnavailableError(`The store cannot be used right now: ${meaning}.`, error);
}
