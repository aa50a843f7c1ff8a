import type { Run } from '../engine/run.ts';
import type {
  AnswerClaim,
  DeadLetterFilter,
  DeadLetterRow,
  FlowRow,
  HistoryRow,
  OutboxRow,
  PlaceKey,
  PlaceRow,
  SharedAnswer,
  ValueRow,
} from './store.ts';

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

/** The claims of one transaction: of each key the first, in key order, so that two transactions never wait for each other. */
export function firstClaims(claims: readonly AnswerClaim[]): readonly AnswerClaim[] {
  const first = new Map(claims.toReversed().map((claim) => [claim.key, claim]));
  return [...first.values()].sort((one, other) => (one.key < other.key ? -1 : 1));
}

/** A key with what is known of its answer; what is not known is null. */
export interface AnswerRecord {
  readonly key: string;
  readonly output: string | null;
  readonly at_ms: number | null;
  readonly keep_until_ms: number | null;
  readonly run_id: string | null;
  readonly since_ms: number | null;
  readonly until_ms: number | null;
}

export function sharedAnswerOf(record: AnswerRecord): SharedAnswer {
  const { key, output, at_ms: atMs, keep_until_ms: keepUntilMs } = record;
  const { run_id: runId, since_ms: sinceMs, until_ms: untilMs } = record;
  return {
    answer:
      output === null || atMs === null || keepUntilMs === null
        ? null
        : { key, output: JSON.parse(output), atMs, keepUntilMs },
    claim:
      runId === null || sinceMs === null || untilMs === null
        ? null
        : { key, runId, sinceMs, untilMs },
  };
}

export interface PlaceRecord {
  readonly run_id: string;
  readonly path: string;
  readonly attempt: number;
  readonly model: string;
  readonly tenant: string;
  readonly priority: number;
  readonly since_ms: number;
  readonly tokens: number;
}

export function placeRowOf(record: PlaceRecord): PlaceRow {
  const { model, tenant, priority, since_ms: sinceMs, tokens } = record;
  return { ...placeKeyOf(record), model, tenant, priority, sinceMs, tokens };
}

export function placeKeyOf(record: Pick<PlaceRecord, 'run_id' | 'path' | 'attempt'>): PlaceKey {
  const { run_id: runId, path, attempt } = record;
  return { runId, path, attempt };
}

/** Columns and values that a dead letter must have to match. */
export function deadLetterConditions(
  filter: DeadLetterFilter,
): readonly (readonly [column: string, value: string])[] {
  const { status, kind, code, model } = filter;
  return Object.entries({ status, kind, code, model }).flatMap(([column, value]) =>
    value === undefined ? [] : [[column, value] as const],
  );
}

/** What narrows dead letters to those that a tenant may see: of its own runs, or of none. `tenant`: the placeholder of its name. */
export function visibleTo(tenant: string): string {
  return `NOT EXISTS (SELECT 1 FROM runs WHERE runs.id = dead_letters.run_id AND runs.tenant <> ${tenant})`;
}

/** The dead letter with what `change` may make of it. */
export function changedDeadLetter(
  row: DeadLetterRow,
  change: (row: DeadLetterRow) => DeadLetterRow,
): DeadLetterRow {
  const { input, status, trace } = change(row);
  return { ...row, input, status, trace };
}

/** Sorts after every key that begins with `prefix`. */
export function endOfPrefix(prefix: string): string {
  return `${prefix}\u{10ffff}`;
}
