import type { HistoryRow } from '../../../services/coordinator/store/store.ts';

/** Rules that the history of one run breaks. */
export interface HistoryFaults {
  /** More than one end. */
  readonly assembledTwice: readonly string[];
  /** A join that fired, an attempt that was sent, or a step that got its answer more than once. */
  readonly joinedTwice: readonly string[];
  /** A reply that was accepted although its attempt was over, or anything that happened after the end. */
  readonly staleAccepted: readonly string[];
}

/** What may still be recorded of a run that is over. */
const afterTheEnd: ReadonlySet<HistoryRow['type']> = new Set([
  'reply_late',
  'reply_duplicate',
  'reply_unknown',
]);
const closing: ReadonlySet<HistoryRow['type']> = new Set([
  'attempt_timed_out',
  'attempt_abandoned',
]);

/** Reads the append-only history of a run, in order. */
export function checkHistory(history: readonly HistoryRow[]): HistoryFaults {
  const assembledTwice: string[] = [];
  const joinedTwice: string[] = [];
  const staleAccepted: string[] = [];
  const seen = new Set<string>();
  const newest = new Map<string, number>();
  const closed = new Set<string>();
  let ended = false;
  const once = (what: string) => {
    if (seen.has(what)) joinedTwice.push(what);
    seen.add(what);
  };
  for (const { type, path = '', attempt = 0, facts } of history) {
    const key = `${path}#${attempt}`;
    if (ended && type === 'run_finished') assembledTwice.push('a second end');
    else if (ended && !afterTheEnd.has(type)) staleAccepted.push(`${type} ${key} after the end`);
    if (type === 'run_finished') ended = true;
    if (type === 'join_fired') once(`join ${path} fired`);
    if (type === 'attempt_dispatched') {
      once(`${key} dispatched`);
      newest.set(path, Math.max(attempt, newest.get(path) ?? 0));
    }
    if (closing.has(type)) closed.add(key);
    // It names the attempt to come.
    if (type === 'retry_scheduled') closed.add(`${path}#${attempt - 1}`);
    if (type !== 'reply_accepted') continue;
    if (closed.has(key) || attempt < (newest.get(path) ?? 0)) {
      staleAccepted.push(`reply of ${key} accepted after it was over`);
    }
    once(`reply of ${key} accepted`);
    if (facts?.['status'] === 'succeeded') once(`${path} answered`);
  }
  return { assembledTwice, joinedTwice, staleAccepted };
}
