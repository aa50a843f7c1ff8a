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
  constructor(message: string, cause?: unknown, code = 'store_unavailable') {
    super(code, message, { cause });
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

/** A good answer, kept for whoever asks the same. */
export interface AnswerRow {
  /** SHA-256 (hex) of the question. */
  readonly key: string;
  /** { output, patch } of the step. */
  readonly output: JsonObject;
  readonly atMs: number;
  /** Nobody has a use for it after that. */
  readonly keepUntilMs: number;
}

/** A run gets an answer that others may wait for. */
export interface AnswerClaim {
  readonly key: string;
  readonly runId: string;
  /** When it was made. */
  readonly sinceMs: number;
  readonly untilMs: number;
}

/** What is known of a shared answer: it may be there, and somebody may be getting it anew because it is old. */
export interface SharedAnswer {
  readonly answer: AnswerRow | null;
  /** Also where it is the claim of the run that asks: nobody waits for itself. */
  readonly claim: AnswerClaim | null;
}

/** One attempt, as a place in a model's queue knows it. */
export interface PlaceKey {
  readonly runId: string;
  readonly path: string;
  readonly attempt: number;
}

/** A call that waits until its model has room for it. */
export interface PlaceRow extends PlaceKey {
  readonly model: string;
  readonly tenant: string;
  /** 0 background, 1 normal, 2 urgent. */
  readonly priority: number;
  readonly sinceMs: number;
  /** What it is expected to use. */
  readonly tokens: number;
}

/** What is known when places of one model are handed out. */
export interface PlaceQueue {
  /** Of each tenant and priority the calls that wait longest, in that order, at most WAITING_SHOWN of each. */
  readonly waiting: readonly PlaceRow[];
  /** Places that are taken: handed out and not freed. */
  readonly taken: number;
  /** What the last hand-out left behind: token buckets and the like. */
  readonly meter: JsonObject;
}

/** Who gets a place, and what the next hand-out has to know. */
export interface HandOut {
  readonly granted: readonly PlaceRow[];
  readonly meter: JsonObject;
}

/** A message that ended in `flotilla.dead`, and what has become of it. */
export interface DeadLetterRow {
  /** Message id; the same one saved again changes nothing. */
  readonly id: string;
  readonly kind: 'failed' | 'unprocessable';
  readonly code: string;
  readonly message: string;
  readonly runId: string | null;
  readonly path: string | null;
  readonly attempt: number | null;
  readonly model: string | null;
  readonly atMs: number;
  /** The body as text: cut where it is long, secrets taken out. */
  readonly body: string;
  /** What the step was asked, as it may be asked again; null where there is no step. */
  readonly input: JsonObject | null;
  readonly status: 'open' | 'replayed' | 'dropped';
  /** What operators did with it, in order. */
  readonly trace: readonly JsonObject[];
}

/** Which dead letters are meant; parts that are left out do not narrow it. */
export interface DeadLetterFilter {
  readonly status?: DeadLetterRow['status'] | undefined;
  readonly kind?: DeadLetterRow['kind'] | undefined;
  readonly code?: string | undefined;
  readonly model?: string | undefined;
  /** Those of this tenant's runs, and those that are of no run. */
  readonly tenant?: string | undefined;
}

/** Dead letters that have the same cause, and how many there are. */
export interface DeadLetterGroup {
  readonly kind: DeadLetterRow['kind'];
  readonly code: string;
  readonly model: string | null;
  readonly count: number;
}

/** Which runs are meant; parts that are left out do not narrow it. */
export interface RunFilter {
  readonly status?: Run['status'] | undefined;
  readonly flow?: string | undefined;
  readonly tenant?: string | undefined;
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
  /** What only some batches change; left out: nothing of it. */
  readonly answers?: AnswerChanges;
  readonly places?: PlaceChanges;
}

/** Changes of shared answers, made in this order. */
export interface AnswerChanges {
  /** Claims that these runs give up, if they have them. */
  readonly released: readonly { readonly key: string; readonly runId: string }[];
  /** They replace what was there, and end its claim. */
  readonly kept: readonly AnswerRow[];
  /**
   * Where another run has a claim that was not over at `sinceMs`, the whole transaction is run again: it will see it then. Of
   * several claims of one key that are made together, the first stands.
   */
  readonly claimed: readonly AnswerClaim[];
}

/** Changes of places in the queues of models, made in this order. */
export interface PlaceChanges {
  /** Not needed any more, whatever they were. */
  readonly freed: readonly PlaceKey[];
  /** They join the end of a queue, whatever they were. */
  readonly waiting: readonly PlaceRow[];
  /** Handed out, and used: their requests leave with this transaction. */
  readonly used: readonly PlaceKey[];
}

export interface StoreTransaction {
  /** Reads and locks runs, in id order; those that do not exist are not in the map. */
  lockRuns(ids: readonly string[]): Promise<ReadonlyMap<string, Run>>;
  /** Values by run id and key; what does not exist is not in the list. */
  readValues(
    keys: readonly { readonly runId: string; readonly key: string }[],
  ): Promise<readonly ValueRow[]>;
  /** Shared answers and claims that are not over at `nowMs`; a key that has neither is not in the map. */
  readAnswers(keys: readonly string[], nowMs: number): Promise<ReadonlyMap<string, SharedAnswer>>;
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
  /**
   * Runs that match, newest first, after the run `beforeId` (left out: from the newest). Those that succeeded may be looked for
   * among the RUNS_SEARCHED newest of them alone.
   */
  listRuns(filter: RunFilter, limit: number, beforeId?: string): Promise<readonly Run[]>;
  /** Every value of a run. */
  readValues(runId: string): Promise<readonly ValueRow[]>;
  /** Models for which calls wait, or were handed places before `beforeMs` that nobody used. */
  crowdedModels(beforeMs: number): Promise<readonly string[]>;
  /**
   * Hands out places of one model, one hand-out of a model at a time: `choose` sees the queue and answers who gets a place and
   * what it leaves behind; it may be asked again. Answers who got one, and with them whoever was handed a place more than
   * PLACE_UNUSED_MS ago and has not used it, which counts as handed to it again.
   */
  grantPlaces(
    model: string,
    nowMs: number,
    choose: (queue: PlaceQueue) => HandOut,
  ): Promise<readonly PlaceKey[]>;
  /**
   * Changes a small document that coordinators share, one change of it at a time; undefined: there is none yet. `change` may be
   * asked again. Answers the new one.
   */
  changeDocument(
    key: string,
    change: (document: JsonObject | undefined) => JsonObject,
  ): Promise<JsonObject>;
  /** The shared documents whose keys begin with `prefix`, by key. */
  readDocuments(prefix: string): Promise<ReadonlyMap<string, JsonObject>>;
  /** Saves dead letters that are not there yet. */
  saveDeadLetters(rows: readonly DeadLetterRow[]): Promise<void>;
  /** Those that match, newest first, after the letter `beforeId` (left out: from the newest). */
  listDeadLetters(
    filter: DeadLetterFilter,
    limit: number,
    beforeId?: string,
  ): Promise<readonly DeadLetterRow[]>;
  /** How many match, the most first. */
  groupDeadLetters(filter: DeadLetterFilter): Promise<readonly DeadLetterGroup[]>;
  /** Changes a dead letter's input, status and trace, locked; `change` may throw. Answers the new one; undefined: there is none. */
  changeDeadLetter(
    id: string,
    change: (row: DeadLetterRow) => DeadLetterRow,
  ): Promise<DeadLetterRow | undefined>;
  /** Removes answers that nobody has a use for and claims that are over. */
  forgetAnswers(nowMs: number): Promise<void>;
  saveFlow(flow: FlowRow): Promise<void>;
  findFlow(digest: string): Promise<FlowRow | undefined>;
  saveManifest(row: ManifestRow): Promise<void>;
  manifests(): Promise<readonly ManifestRow[]>;
  /** Idempotent. Whatever is asked afterwards throws StoreUnavailableError. */
  close(): Promise<void>;
}
