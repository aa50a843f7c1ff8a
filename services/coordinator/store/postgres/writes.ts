import type { Run } from '../../engine/run.ts';
import { historyByRun } from '../rows.ts';
import type { Changes, OutboxRow, ValueRow } from '../store.ts';

/** The parameters of the statement `write`, one list per column. `numberOf` answers the running number of a run. */
export function writeColumns(
  changes: Changes,
  mark: { readonly connectionId: string; readonly mark: number },
  numberOf: (runId: string) => number,
): readonly unknown[] {
  const { runs, values, history, outbox, published } = changes;
  const leaving = new Set(outbox.map((row) => row.id));
  return [
    ...runColumns(
      latestBy(runs, (run) => run.id),
      numberOf,
    ),
    ...valueColumns(
      latestBy(values, ({ runId, key }) => `${runId} ${key}`),
      numberOf,
    ),
    ...historyColumns(historyByRun(history), numberOf),
    // A message that leaves again is a new row, whatever became of the old one.
    published.filter((id) => !leaving.has(id)),
    ...outboxColumns(latestBy(outbox, (row) => row.id)),
    mark.connectionId,
    mark.mark,
  ];
}

/** In id order, so that two batches that insert the same runs never wait for each other in a circle. */
function runColumns(
  runs: readonly Run[],
  numberOf: (runId: string) => number,
): readonly unknown[][] {
  const sorted = runs.toSorted((one, other) => (one.id < other.id ? -1 : 1));
  const open = sorted.filter(isOpen);
  return [
    sorted.map((run) => run.id),
    sorted.map((run) => numberOf(run.id)),
    sorted.map((run) => run.flow),
    sorted.map((run) => run.status),
    sorted.map((run) => JSON.stringify(run)),
    open.map((run) => run.id),
    open.map((run) => run.dueMs),
    open.map((run) => (run.status === 'pending' ? run.flow : null)),
    sorted.filter((run) => !isOpen(run)).map((run) => run.id),
  ];
}

function isOpen(run: Run): boolean {
  return run.status === 'pending' || run.status === 'running';
}

function valueColumns(
  rows: readonly ValueRow[],
  numberOf: (runId: string) => number,
): readonly unknown[][] {
  return [
    rows.map((row) => numberOf(row.runId)),
    rows.map((row) => row.key),
    rows.map((row) => JSON.stringify(row.value)),
  ];
}

function historyColumns(
  entries: ReadonlyMap<string, string>,
  numberOf: (runId: string) => number,
): readonly unknown[][] {
  return [[...entries.keys()].map(numberOf), [...entries.values()]];
}

function outboxColumns(rows: readonly OutboxRow[]): readonly unknown[][] {
  return [
    rows.map((row) => row.id),
    rows.map((row) => row.dueAtMs),
    rows.map((row) => row.runId),
    rows.map((row) => row.attemptKey),
    rows.map((row) => row.exchange),
    rows.map((row) => row.routingKey),
    rows.map((row) => row.type),
    rows.map((row) => row.correlationId),
    rows.map((row) => JSON.stringify(row.headers)),
    rows.map((row) => row.body),
  ];
}

/** One row per key, the last one: a statement may not write a row twice. */
export function latestBy<T>(rows: readonly T[], keyOf: (row: T) => string): readonly T[] {
  const latest = new Map(rows.map((row) => [keyOf(row), row]));
  return latest.size === rows.length ? rows : [...latest.values()];
}
