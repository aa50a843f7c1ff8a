import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { JsonObject, JsonValue } from '../../../../shared/envelope/json.ts';
import { FleetError } from '../../../../shared/errors/errors.ts';
import type { Run } from '../../engine/run.ts';
import { flowRowOf, historyOf, type OutboxRecord, outboxRowOf, valueRowOf } from '../rows.ts';
import {
  type DeadLetterFilter,
  type DeadLetterGroup,
  type DeadLetterRow,
  type FlowRow,
  type HandOut,
  type HistoryRow,
  type ManifestRow,
  type OutboxRow,
  type PlaceKey,
  type PlaceQueue,
  type RunFilter,
  type Store,
  type StoreTransaction,
  StoreUnavailableError,
  type ValueRow,
} from '../store.ts';
import { forgetAnswers } from './answers.ts';
import { Connections } from './connections.ts';
import {
  changeDeadLetter,
  groupDeadLetters,
  listDeadLetters,
  saveDeadLetters,
} from './dead-letters.ts';
import { changeDocument, readDocuments } from './documents.ts';
import { migrate } from './migrate.ts';
import { crowdedModels, grantPlaces } from './places.ts';
import { RunNumbers } from './run-numbers.ts';
import { listRuns } from './runs.ts';
import { type PostgresSettings, postgresSettings } from './settings.ts';
import { type Run as RunStatement, statements } from './statements.ts';
import { inTransaction, type Place } from './transactions.ts';

const PAGE = 500;
const FORGET_EVERY_MS = 3_600_000;
const REDIAL_MS = 250;

/**
 * Opens the store in a PostgreSQL database that any number of coordinators share, and brings its tables to this build's
 * version. A database that is not there yet is waited for; `onAway` is told of each attempt. Throws StoreUnavailableError when the wait is over, FleetError
 * `store_too_new`, `store_unsuitable` or `store_unusable` for a database that this build cannot use.
 */
export async function openPostgresStore(
  url: string,
  some: Partial<PostgresSettings> = {},
  onAway: (error: StoreUnavailableError) => void = () => {},
): Promise<Store> {
  const settings = postgresSettings(some);
  const connections = new Connections(url, settings);
  const endMs = performance.now() + settings.openTimeoutMs;
  for (;;) {
    try {
      await migrate(connections, settings.schema);
      return new PostgresStore(connections, settings);
    } catch (error) {
      if (error instanceof StoreUnavailableError && performance.now() < endMs) {
        onAway(error);
        await pause(REDIAL_MS);
        continue;
      }
      await connections.close();
      throw error instanceof FleetError ? error : unusable(error);
    }
  }
}

/**
 * Every coordinator has its own connections. Runs are locked row by row; what one coordinator has taken because it is due,
 * a run or an outbox row, the others leave alone until the lease is over.
 */
class PostgresStore implements Store {
  readonly durable = true;
  readonly #connections: Connections;
  readonly #settings: PostgresSettings;
  readonly #place: Place;
  /** Runs one statement by itself. */
  readonly #run: RunStatement;
  /** Names this process among those that take due runs. */
  readonly #token = randomUUID();
  readonly #forgetting: NodeJS.Timeout;

  constructor(connections: Connections, settings: PostgresSettings) {
    this.#connections = connections;
    this.#settings = settings;
    this.#run = (statement, values) => connections.run(statement, values);
    this.#place = { connections, settings, numbers: new RunNumbers() };
    const forget = () => void connections.run(statements.forgetMarks).catch(() => {});
    this.#forgetting = setInterval(forget, FORGET_EVERY_MS).unref();
    forget();
  }

  async clockMs(): Promise<number> {
    const [row] = await this.#rows<{ ms: number }>(statements.clock);
    return row?.ms ?? Date.now();
  }

  transaction<T>(work: (transaction: StoreTransaction) => Promise<T>): Promise<T> {
    return inTransaction(this.#place, work);
  }

  async dueRunIds(nowMs: number, limit: number): Promise<readonly string[]> {
    const { dueLeaseMs } = this.#settings;
    return idsOf(await this.#rows(statements.takeDueRuns, [nowMs, limit, this.#token, dueLeaseMs]));
  }

  async nextDueMs(): Promise<number | null> {
    const [row] = await this.#rows<{ due_ms: number | null }>(statements.nextDueMs, [this.#token]);
    return row?.due_ms ?? null;
  }

  async openRunIds(afterId: string, limit: number): Promise<readonly string[]> {
    return idsOf(await this.#rows(statements.openRunIds, [afterId, limit]));
  }

  async takeOverdueOutbox(
    nowMs: number,
    leaseMs: number,
    limit: number,
  ): Promise<readonly OutboxRow[]> {
    const values = [nowMs, leaseMs, limit];
    const records = await this.#rows<OutboxRecord>(statements.takeOverdueOutbox, values);
    return records.map(outboxRowOf).sort((one, other) => one.dueAtMs - other.dueAtMs);
  }

  async wakePendingRuns(flows: readonly string[], nowMs: number): Promise<void> {
    for (const flow of flows) {
      for (let after: string | undefined = ''; after !== undefined; ) {
        const page: readonly string[] = idsOf(
          await this.#rows(statements.pendingRunIds, [flow, after, PAGE]),
        );
        if (page.length > 0) await this.#wake(page, nowMs);
        after = page.length < PAGE ? undefined : page.at(-1);
      }
    }
  }

  async findRun(id: string): Promise<Run | undefined> {
    const [row] = await this.#rows<{ record: string }>(statements.findRun, [id]);
    return row && (JSON.parse(row.record) as Run);
  }

  async readValue(runId: string, key: string): Promise<JsonValue | undefined> {
    const [row] = await this.#rows<{ value: string }>(statements.readValue, [runId, key]);
    return row && (JSON.parse(row.value) as JsonValue);
  }

  async readHistory(runId: string): Promise<readonly HistoryRow[]> {
    const rows = await this.#rows<{ entries: string }>(statements.readHistory, [runId]);
    return rows.flatMap(({ entries }) => historyOf(runId, entries));
  }

  async readValues(runId: string): Promise<readonly ValueRow[]> {
    const rows = await this.#rows<{ key: string; value: string }>(statements.readAllValues, [
      runId,
    ]);
    return rows.map((row) => valueRowOf(runId, row.key, row));
  }

  listRuns(filter: RunFilter, limit: number, beforeId?: string): Promise<readonly Run[]> {
    return listRuns(this.#run, filter, limit, beforeId);
  }

  crowdedModels(beforeMs: number): Promise<readonly string[]> {
    return crowdedModels(this.#run, beforeMs);
  }

  grantPlaces(
    model: string,
    nowMs: number,
    choose: (queue: PlaceQueue) => HandOut,
  ): Promise<readonly PlaceKey[]> {
    return this.#change((run) => grantPlaces(run, model, nowMs, choose));
  }

  changeDocument(
    key: string,
    change: (document: JsonObject | undefined) => JsonObject,
  ): Promise<JsonObject> {
    return this.#change((run) => changeDocument(run, key, change));
  }

  readDocuments(prefix: string): Promise<ReadonlyMap<string, JsonObject>> {
    return readDocuments(this.#run, prefix);
  }

  saveDeadLetters(rows: readonly DeadLetterRow[]): Promise<void> {
    return saveDeadLetters(this.#run, rows);
  }

  listDeadLetters(
    filter: DeadLetterFilter,
    limit: number,
    beforeId?: string,
  ): Promise<readonly DeadLetterRow[]> {
    return listDeadLetters(this.#run, filter, limit, beforeId);
  }

  groupDeadLetters(filter: DeadLetterFilter): Promise<readonly DeadLetterGroup[]> {
    return groupDeadLetters(this.#run, filter);
  }

  changeDeadLetter(
    id: string,
    change: (row: DeadLetterRow) => DeadLetterRow,
  ): Promise<DeadLetterRow | undefined> {
    return this.#change((run) => changeDeadLetter(run, id, change));
  }

  forgetAnswers(nowMs: number): Promise<void> {
    return forgetAnswers(this.#run, nowMs);
  }

  async saveFlow({ digest, name, version, document }: FlowRow): Promise<void> {
    const values = [digest, name, version, JSON.stringify(document)];
    await this.#rows(statements.saveFlow, values);
  }

  async findFlow(digest: string): Promise<FlowRow | undefined> {
    const [row] = await this.#rows(statements.findFlow, [digest]);
    return flowRowOf(row);
  }

  async saveManifest({ model, version, manifest, seenAtMs }: ManifestRow): Promise<void> {
    const values = [model, version, JSON.stringify(manifest), seenAtMs];
    await this.#rows(statements.saveManifest, values);
  }

  async manifests(): Promise<readonly ManifestRow[]> {
    const rows = await this.#rows<ManifestRecord>(statements.manifests);
    return rows.map(({ model, version, manifest, seen_at_ms }) => ({
      model,
      version,
      manifest: JSON.parse(manifest) as JsonObject,
      seenAtMs: seen_at_ms,
    }));
  }

  close(): Promise<void> {
    clearInterval(this.#forgetting);
    return this.#connections.close();
  }

  /** Locked like any other change of a run: its record and its column say the same. */
  #wake(ids: readonly string[], nowMs: number): Promise<void> {
    return this.transaction(async (transaction) => {
      const locked = await transaction.lockRuns(ids);
      const runs = [...locked.values()]
        .filter((run) => run.status === 'pending')
        .map((run) => ({ ...run, dueMs: nowMs }));
      await transaction.write({ runs, values: [], history: [], outbox: [], published: [] });
    });
  }

  /** A transaction of the store's own. */
  #change<T>(work: (run: RunStatement) => Promise<T>): Promise<T> {
    return inTransaction(this.#place, async (transaction) => {
      const result = await work(transaction.run);
      await transaction.leaveMark();
      return result;
    });
  }

  async #rows<R extends object>(
    ...[statement, values]: Parameters<Connections['run']>
  ): Promise<R[]> {
    return (await this.#connections.run<R>(statement, values)).rows;
  }
}

/** The database answers, and does not let us in or does not let us make our tables. */
function unusable(error: unknown): FleetError {
  const reason = error instanceof Error ? error.message : String(error);
  return new FleetError(
    'store_unusable',
    `The database of DATABASE_URL cannot be used: ${reason}.`,
    {
      cause: error,
    },
  );
}

interface ManifestRecord {
  readonly model: string;
  readonly version: number;
  readonly manifest: string;
  readonly seen_at_ms: number;
}

function idsOf(rows: readonly object[]): readonly string[] {
  return (rows as { id: string }[]).map((row) => row.id);
}
