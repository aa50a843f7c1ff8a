import type { HistoryRow } from '../../../services/coordinator/store/store.ts';
import type { Counts } from './orders.ts';

/** Entries of the history of which every job and every reply leaves exactly one. */
const taskTypes = new Set<HistoryRow['type']>([
  'run_accepted',
  'reply_accepted',
  'reply_late',
  'reply_duplicate',
  'reply_unknown',
]);

/** Counts what a coordinator writes, as an observer of its history: it is told once for each transaction. */
export function historyCounter(): {
  readonly onHistory: (rows: readonly HistoryRow[]) => void;
  readonly counts: () => Counts;
} {
  let [transactions, tasks, accepted, succeeded] = [0, 0, 0, 0];
  return {
    onHistory(rows) {
      transactions += 1;
      for (const { type, facts } of rows) {
        if (taskTypes.has(type)) tasks += 1;
        if (type === 'run_accepted') accepted += 1;
        if (type === 'run_finished' && facts?.['status'] === 'succeeded') succeeded += 1;
      }
    },
    counts: () => ({ transactions, tasks, accepted, succeeded }),
  };
}
