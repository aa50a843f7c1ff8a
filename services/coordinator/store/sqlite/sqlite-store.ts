import type { DatabaseSync } from 'node:sqlite';
import type { JsonObject, JsonValue } from '../../../../shared/envelope/json.ts';
import type { Run } from '../../engine/run.ts';
import {
  flowRowOf,
  historyOf,
  type OutboxRecord,
  outboxRowOf,
  type RunRecord,
  runOf,
  type ValueRecord,
  valueRowOf,
} from '../rows.ts';
import type {
  DeadLetterFilter,
  DeadLetterGroup,
  DeadLetterRow,
  FlowRow,
  HandOut,
  HistoryRow,
  ManifestRow,
  OutboxRow,
  PlaceKey,
  PlaceQueue,
  RunFilter,
  Store,
  StoreTransaction,
  ValueRow,
} from '../store.ts';
import { SqliteAnswers } from './answers.ts';
import { SqliteConnection } from './connection.ts';
import { openDatabase } from './database.ts';
import { SqliteDeadLetters } from './dead-letters.ts';
import { SqliteDocuments } from './documents.ts';
import { Lease } from './lease.ts';
import { SqlitePlaces } from './places.ts';
import { RunCache } from './run-cache.ts';
import { listRuns } from './runs.ts';
import { prepareStatements, type Statements } from './statements.ts';
import { type Parts, SqliteTransaction } from './transaction.ts';

/**
 * Opens the store in a SQLite file (`:memory:`: in this process alone, gone with it). Throws FleetError `store_in_use` when
 * a living process has it, `store_too_new` when a newer build wrote it.
 */
export function openSqliteStore(file: string): Store {
  const database = openDatabase(file);
  try {
    const lease = new Lease(database, file);
    lease.take();
    return new SqliteStore(database, lease, file !== ':memory:');
  } catch (error) {
    database.close();
    throw error;
  }
}

/** The store in one SQLite file that this process alone uses. */
class SqliteStore implements Store {
  readonly durable: boolean;
  readonly #database: DatabaseSync;
  readonly #connection: SqliteConnection;
  readonly #statements: Statements;
  readonly #parts: Parts;
  readonly #documents: SqliteDocuments;
  readonly #deadLetters: SqliteDeadLetters;
  readonly #runs = new RunCache();

  constructor(database: DatabaseSync, lease: Lease, durable: boolean) {
    this.durable = durable;
    this.#database = database;
    this.#statements = prepareStatements(database);
    this.#parts = {
      statements: this.#statements,
      answers: new SqliteAnswers(database),
      places: new SqlitePlaces(database),
    };
    this.#documents = new SqliteDocuments(database);
    this.#deadLetters = new SqliteDeadLetters(database);
    // The process that wrote these rows is gone (the lease says so): nobody else will publish them.
    this.#statements.orphanOutbox.run();
    this.#connection = new SqliteConnection(database, lease);
  }

  /** The file has no clock but that of its host. */
  async clockMs(): Promise<number> {
    return Date.now();
  }

  transaction<T>(work: (transaction: StoreTransaction) => Promise<T>): Promise<T> {
    let transaction: SqliteTransaction;
    return this.#connection.transaction(
      () => {
        transaction = new SqliteTransaction(this.#parts, this.#runs);
        return work(transaction);
      },
      () => transaction.committed(),
    );
  }

  dueRunIds(nowMs: number, limit: number): Promise<readonly string[]> {
    return this.#connection.read(() => idsOf(this.#statements.dueRunIds.all(nowMs, limit)));
  }

  nextDueMs(): Promise<number | null> {
    return this.#connection.read(() => {
      const row = this.#statements.nextDueMs.get() as { due_ms: number } | undefined;
      return row?.due_ms ?? null;
    });
  }

  openRunIds(afterId: string, limit: number): Promise<readonly string[]> {
    return this.#connection.read(() => idsOf(this.#statements.openRunIds.all(afterId, limit)));
  }

  async takeOverdueOutbox(
    nowMs: number,
    leaseMs: number,
    limit: number,
  ): Promise<readonly OutboxRow[]> {
    const records = () => this.#statements.overdueOutbox.all(nowMs, limit) as unknown[];
    // Most of the time nothing is overdue, and looking costs no transaction.
    if ((await this.#connection.read(records)).length === 0) return [];
    return this.#connection.change(() => {
      const taken = (records() as OutboxRecord[]).map(outboxRowOf);
      for (const row of taken) this.#statements.leaseOutbox.run(nowMs + leaseMs, row.id);
      return taken;
    });
  }

  wakePendingRuns(flows: readonly string[], nowMs: number): Promise<void> {
    return this.#connection.change(() => {
      this.#statements.wakePendingRuns.run(nowMs, JSON.stringify(flows));
      this.#runs.clear();
    });
  }

  findRun(id: string): Promise<Run | undefined> {
    return this.#connection.read(() => {
      const row = this.#statements.findRun.get(id) as RunRecord | undefined;
      return row && runOf(row);
    });
  }

  readValue(runId: string, key: string): Promise<JsonValue | undefined> {
    return this.#connection.read(() => {
      const run = this.#statements.findRun.get(runId) as RunRecord | undefined;
      const row =
        run && (this.#statements.findValue.get(run.number, key) as ValueRecord | undefined);
      return row && (JSON.parse(row.value) as JsonValue);
    });
  }

  readHistory(runId: string): Promise<readonly HistoryRow[]> {
    return this.#connection.read(() => {
      const run = this.#statements.findRun.get(runId) as RunRecord | undefined;
      if (!run) return [];
      const rows = this.#statements.readHistory.all(run.number) as { entries: string }[];
      return rows.flatMap((row) => historyOf(runId, row.entries));
    });
  }

  readValues(runId: string): Promise<readonly ValueRow[]> {
    return this.#connection.read(() => {
      const run = this.#statements.findRun.get(runId) as RunRecord | undefined;
      const rows = run === undefined ? [] : this.#statements.readValues.all(run.number);
      return (rows as unknown as (ValueRecord & { key: string })[]).map((row) =>
        valueRowOf(runId, row.key, row),
      );
    });
  }

  listRuns(filter: RunFilter, limit: number, beforeId?: string): Promise<readonly Run[]> {
    return this.#connection.read(() => {
      if (beforeId === undefined) {
        return listRuns(this.#database, filter, { limit, before: Number.MAX_SAFE_INTEGER });
      }
      const before = this.#statements.findRun.get(beforeId) as RunRecord | undefined;
      return before ? listRuns(this.#database, filter, { limit, before: before.number }) : [];
    });
  }

  crowdedModels(beforeMs: number): Promise<readonly string[]> {
    return this.#connection.read(() => this.#parts.places.crowdedModels(beforeMs));
  }

  grantPlaces(
    model: string,
    nowMs: number,
    choose: (queue: PlaceQueue) => HandOut,
  ): Promise<readonly PlaceKey[]> {
    return this.#connection.change(() => this.#parts.places.grant(model, nowMs, choose));
  }

  changeDocument(
    key: string,
    change: (document: JsonObject | undefined) => JsonObject,
  ): Promise<JsonObject> {
    return this.#connection.change(() => this.#documents.change(key, change));
  }

  readDocuments(prefix: string): Promise<ReadonlyMap<string, JsonObject>> {
    return this.#connection.read(() => this.#documents.read(prefix));
  }

  saveDeadLetters(rows: readonly DeadLetterRow[]): Promise<void> {
    return this.#connection.change(() => this.#deadLetters.save(rows));
  }

  listDeadLetters(
    filter: DeadLetterFilter,
    limit: number,
    beforeId?: string,
  ): Promise<readonly DeadLetterRow[]> {
    return this.#connection.read(() => this.#deadLetters.list(filter, limit, beforeId));
  }

  groupDeadLetters(filter: DeadLetterFilter): Promise<readonly DeadLetterGroup[]> {
    return this.#connection.read(() => this.#deadLetters.group(filter));
  }

  changeDeadLetter(
    id: string,
    change: (row: DeadLetterRow) => DeadLetterRow,
  ): Promise<DeadLetterRow | undefined> {
    return this.#connection.change(() => this.#deadLetters.change(id, change));
  }

  async forgetAnswers(nowMs: number): Promise<void> {
    while (await this.#connection.change(() => this.#parts.answers.forget(nowMs)));
  }

  saveFlow(flow: FlowRow): Promise<void> {
    const { digest, name, version, document } = flow;
    return this.#connection.change(() => {
      this.#statements.saveFlow.run(digest, name, version, JSON.stringify(document));
    });
  }

  findFlow(digest: string): Promise<FlowRow | undefined> {
    return this.#connection.read(() => flowRowOf(this.#statements.findFlow.get(digest)));
  }

  saveManifest(row: ManifestRow): Promise<void> {
    const { model, version, manifest, seenAtMs } = row;
    return this.#connection.change(() => {
      this.#statements.saveManifest.run(model, version, JSON.stringify(manifest), seenAtMs);
    });
  }

  manifests(): Promise<readonly ManifestRow[]> {
    return this.#connection.read(() =>
      this.#statements.manifests.all().map((row) => ({
        model: row['model'] as string,
        version: row['version'] as number,
        manifest: JSON.parse(row['manifest'] as string) as JsonObject,
        seenAtMs: row['seen_at_ms'] as number,
      })),
    );
  }

  close(): Promise<void> {
    return this.#connection.close();
  }
}

function idsOf(rows: readonly unknown[]): readonly string[] {
  return (rows as { id: string }[]).map((row) => row.id);
}
