import type { Run } from '../engine/run.ts';
import type { FlowRow, HistoryRow, OutboxRow, ValueRow } from './store.ts';

/** Between the rows of the tables and the objects of the store port, both directions side by side. */

export interface RunRecord {
  readonly number: number;
  readonly record: string;
  readonly due_ms: number | null;
}

/** `due_ms` is the truth about the due time (waking a pending run changes the column alone). */
export function runOf(row: RunRecord): Run {
  const run = JSON.parse(row.record) as Run;
  return run.dueMs === row.due_ms ? run : { ...run, dueMs: row.due_ms };
}

export interface ValueRecord {
  readonly value: string;
}

export function valueRowOf(runId: string, key: string, record: ValueRecord): ValueRow {
  return { runId, key, value: JSON.parse(record.value) };
}

export interface OutboxRecord {
  readonly id: string;
  readonly due_at_ms: number;
  readonly run_id: string | null;
  readonly attempt_key: string | null;
  readonly exchange: string;
  readonly routing_key: string;
  readonly type: string;
  readonly correlation_id: string | null;
  readonly headers: string;
  readonly body: Uint8Array;
}

export function outboxRowOf(record: OutboxRecord): OutboxRow {
  return {
    id: record.id,
    runId: record.run_id,
    attemptKey: record.attempt_key,
    exchange: record.exchange,
    routingKey: record.routing_key,
    type: record.type,
    correlationId: record.correlation_id,
    headers: JSON.parse(record.headers),
    body: record.body,
    dueAtMs: record.due_at_ms,
  };
}

/** History of several runs as one JSON list per run, in order. */
export function historyByRun(rows: readonly HistoryRow[]): ReadonlyMap<string, string> {
  const byRun = new Map<string, Omit<HistoryRow, 'runId'>[]>();
  for (const { runId, ...entry } of rows) {
    const entries = byRun.get(runId);
    if (entries) entries.push(entry);
    else byRun.set(runId, [entry]);
  }
  return new Map([...byRun].map(([runId, entries]) => [runId, JSON.stringify(entries)]));
}

export function historyOf(runId: string, entries: string): HistoryRow[] {
  return (JSON.parse(entries) as Omit<HistoryRow, 'runId'>[]).map((entry) => ({ runId, ...entry }));
}

export function flowRowOf(record: unknown): FlowRow | undefined {
  if (record === undefined) return undefined;
  const row = record as Omit<FlowRow, 'document'> & { readonly document: string };
  return { ...row, document: JSON.parse(row.document) };
}
