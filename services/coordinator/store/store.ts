import type { JsonObject, JsonValue } from '../../../shared/envelope/json.ts';
import { FleetError } from '../../../shared/errors/errors.ts';
import type { HistoryEntry } from '../engine/decision.ts';
import type { Run } from '../engine/run.ts';

/**
 * The port between the coordinator and its database, batch first. One conformance suite holds every implementation.
 * Promise-based because a database server is; SQLite answers at once.
 */

export interface ValueRow {
  readonly runId: string;
  readonly key: string;
  readonly value: JsonValue;
}

export interface HistoryRow extends HistoryEntry {
  readonly runId: string;
  readonly atMs: number;
}

/**
 * The database cannot be used right now (no connection, disk full, locked): nothing was written, and the same work may
 * succeed later. Any other error of a transaction says something about its data.
 */
export class StoreUnavailableError extends FleetError {
  constructor(message: string, cause?: unknown) {
    super('store_unavailable', message, { cause });
  }
}

/** A message that must leave: owned by the store from the commit until its confirm is written back. */
export interface OutboxRow {
  /** Message id; the same id written again replaces the row. */
  readonly id: string;
  /** null for what belongs to no run (a dead letter, the answer to a job that became no run). */
  readonly runId: string | null;
  /** `path#attempt` of a request; a request whose attempt is closed is dropped by the relay. */
  readonly attemptKey: string | null;
  readonly exchange: string;
  readonly routingKey: string;
  readonly type: string;
  readonly correlationId: string | null;
  readonly headers: Readonly<Record<string, string | number | boolean>>;
  readonly body: Uint8Array;
  /** The relay publishes only rows that are overdue; the process that wrote a row publishes it right after the commit. */
  readonly dueAtMs: number;
}

/** A flow definition as it was published, for runs that are pinned to it. */
export interface FlowRow {
  readonly digest: string;
  readonly name: string;
  readonly version: number;
  /** Canonical JSON of the definition. */
  readonly document: JsonObject;
}

export interface ManifestRow {
  readonly model: string;
  readonly version: number;
  readonly manifest: JsonObject;
  readonly seenAtMs: number;
}

/** Everything one batch changes; written whole or not at all. */
export interface Changes {
  /** New or changed runs. A run that is final in the store is never overwritten: such a write throws `run_is_final`. */
  readonly runs: readonly Run[];
  readonly values: readonly ValueRow[];
  readonly history: readonly HistoryRow[];
  readonly outbox: readonly OutboxRow[];
  /** Ids of outbox rows whose messages are confirmed (or dropped): deleted, before those of `outbox` are written. */
  readonly published: readonly string[];
}

export interface StoreTransaction {
  /** Reads and locks runs, in id order; those that do not exist are not in the map. */
  lockRuns(ids: readonly string[]): Promise<ReadonlyMap<string, Run>>;
  /** Values by run id and key; what does not exist is not in the list. */
  readValues(
    keys: readonly { readonly runId: string; readonly key: string }[],
  ): Promise<readonly ValueRow[]>;
  /** A flow that a locked run is pinned to. */
  findFlow(digest: string): Promise<FlowRow | undefined>;
  write(changes: Changes): Promise<void>;
}

export interface Store {
  /** True when a commit survives the process. */
  readonly durable: boolean;
  /** The store's own clock, the same for all that share it: milliseconds since 1970. */
  clockMs(): Promise<number>;
  /**
   * One transaction; `work` may run again when the database asks for it, so it must not have effects of its own, and it must
   * not use the store but through the transaction it is given. Throws StoreUnavailableError, or what `work` throws.
   */
  transaction<T>(work: (transaction: StoreTransaction) => Promise<T>): Promise<T>;
  /** Ids of open runs whose `dueMs` is at or before `nowMs`, earliest first; a run that another coordinator works on, or has taken here shortly before, is skipped. */
  dueRunIds(nowMs: number, limit: number): Promise<readonly string[]>;
  /** The earliest `dueMs` of all open runs; of one that another coordinator has taken, when that is over. */
  nextDueMs(): Promise<number | null>;
  /** Outbox rows due at or before `nowMs`, oldest first, pushed out to `nowMs + leaseMs` so that no other relay takes them too. */
  takeOverdueOutbox(nowMs: number, leaseMs: number, limit: number): Promise<readonly OutboxRow[]>;
  /** Pending runs of these flows become due now. */
  wakePendingRuns(flows: readonly string[], nowMs: number): Promise<void>;
  /** Ids of runs that are not final, in an order of the store's, after `afterId`, one it gave (an empty string: from the first). */
  openRunIds(afterId: string, limit: number): Promise<readonly string[]>;
  findRun(id: string): Promise<Run | undefined>;
  readValue(runId: string, key: string): Promise<JsonValue | undefined>;
  readHistory(runId: string): Promise<readonly HistoryRow[]>;
  saveFlow(flow: FlowRow): Promise<void>;
  findFlow(digest: string): Promise<FlowRow | undefined>;
  saveManifest(row: ManifestRow): Promise<void>;
  manifests(): Promise<readonly ManifestRow[]>;
  /** Idempotent. Whatever is asked afterwards throws StoreUnavailableError. */
  close(): Promise<void>;
}
