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
} from '../rows.ts';
import {
  type FlowRow,
  type HistoryRow,
  type ManifestRow,
  type OutboxRow,
  type Store,
  type StoreTransaction,
  StoreUnavailableError,
} from '../store.ts';
import { openDatabase } from './database.ts';
import { classifyFault } from './faults.ts';
import { Lease } from './lease.ts';
import { RunCache } from './run-cache.ts';
import { prepareStatements, type Statements } from './statements.ts';
import { SqliteTransaction } from './transaction.ts';
import { Turns } from './turns.ts';

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

/**
 * One connection, one transaction at a time: everything else, reads too, waits for its turn, so that nobody sees what is not
 * committed. Every commit is on the disk before it is told (synchronous = FULL).
 */
class SqliteStore implements Store {
  readonly durable: boolean;
  readonly #database: DatabaseSync;
  readonly #lease: Lease;
  readonly #statements: Statements;
  readonly #turns = new Turns();
  readonly #runs = new RunCache();
  #closed = false;

  constructor(database: DatabaseSync, lease: Lease, durable: boolean) {
    this.durable = durable;
    this.#database = database;
    this.#lease = lease;
    this.#statements = prepareStatements(database);
    // The process that wrote these rows is gone (the lease says so): nobody else will publish them.
    this.#statements.orphanOutbox.run();
    lease.keep((renew) => void this.#read(renew).catch(() => {}));
  }

  /** The file has no clock but that of its host. */
  async clockMs(): Promise<number> {
    return Date.now();
  }

  transaction<T>(work: (transaction: StoreTransaction) => Promise<T>): Promise<T> {
    return this.#turns.take(async () => {
      const transaction = new SqliteTransaction(this.#statements, this.#runs);
      const result = await this.#write(() => work(transaction));
      transaction.committed();
      return result;
    });
  }

  dueRunIds(nowMs: number, limit: number): Promise<readonly string[]> {
    return this.#read(() => idsOf(this.#statements.dueRunIds.all(nowMs, limit)));
  }

  nextDueMs(): Promise<number | null> {
    return this.#read(() => {
      const row = this.#statements.nextDueMs.get() as { due_ms: number } | undefined;
      return row?.due_ms ?? null;
    });
  }

  openRunIds(afterId: string, limit: number): Promise<readonly string[]> {
    return this.#read(() => idsOf(this.#statements.openRunIds.all(afterId, limit)));
  }

  takeOverdueOutbox(nowMs: number, leaseMs: number, limit: number): Promise<readonly OutboxRow[]> {
    return this.#turns.take(async () => {
      const records = () => this.#statements.overdueOutbox.all(nowMs, limit) as unknown[];
      // Most of the time nothing is overdue, and looking costs no transaction.
      if (this.#guarded(records).length === 0) return [];
      return this.#write(async () => {
        const taken = (records() as OutboxRecord[]).map(outboxRowOf);
        for (const row of taken) this.#statements.leaseOutbox.run(nowMs + leaseMs, row.id);
        return taken;
      });
    });
  }

  wakePendingRuns(flows: readonly string[], nowMs: number): Promise<void> {
    return this.#turns.take(async () => {
      await this.#write(async () => {
        this.#statements.wakePendingRuns.run(nowMs, JSON.stringify(flows));
      });
      this.#runs.clear();
    });
  }

  findRun(id: string): Promise<Run | undefined> {
    return this.#read(() => {
      const row = this.#statements.findRun.get(id) as RunRecord | undefined;
      return row && runOf(row);
    });
  }

  readValue(runId: string, key: string): Promise<JsonValue | undefined> {
    return this.#read(() => {
      const run = this.#statements.findRun.get(runId) as RunRecord | undefined;
      const row =
        run && (this.#statements.findValue.get(run.number, key) as ValueRecord | undefined);
      return row && (JSON.parse(row.value) as JsonValue);
    });
  }

  readHistory(runId: string): Promise<readonly HistoryRow[]> {
    return this.#read(() => {
      const run = this.#statements.findRun.get(runId) as RunRecord | undefined;
      if (!run) return [];
      const rows = this.#statements.readHistory.all(run.number) as { entries: string }[];
      return rows.flatMap((row) => historyOf(runId, row.entries));
    });
  }

  saveFlow(flow: FlowRow): Promise<void> {
    const { digest, name, version, document } = flow;
    return this.#turns.take(() =>
      this.#write(async () => {
        this.#statements.saveFlow.run(digest, name, version, JSON.stringify(document));
      }),
    );
  }

  findFlow(digest: string): Promise<FlowRow | undefined> {
    return this.#read(() => flowRowOf(this.#statements.findFlow.get(digest)));
  }

  saveManifest(row: ManifestRow): Promise<void> {
    const { model, version, manifest, seenAtMs } = row;
    return this.#turns.take(() =>
      this.#write(async () => {
        this.#statements.saveManifest.run(model, version, JSON.stringify(manifest), seenAtMs);
      }),
    );
  }

  manifests(): Promise<readonly ManifestRow[]> {
    return this.#read(() =>
      this.#statements.manifests.all().map((row) => ({
        model: row['model'] as string,
        version: row['version'] as number,
        manifest: JSON.parse(row['manifest'] as string) as JsonObject,
        seenAtMs: row['seen_at_ms'] as number,
      })),
    );
  }

  close(): Promise<void> {
    return this.#turns.take(() => {
      if (this.#closed) return;
      this.#closed = true;
      this.#lease.release();
      this.#database.close();
    });
  }

  #read<T>(query: () => T): Promise<T> {
    return this.#turns.take(() => this.#guarded(query));
  }

  /** One transaction; call it on its turn only. */
  async #write<T>(work: () => Promise<T>): Promise<T> {
    this.#guarded(() => this.#statements.begin.run());
    try {
      this.#lease.assertHeld();
      const result = await work();
      this.#statements.commit.run();
      return result;
    } catch (error) {
      // Some faults (a full disk) have rolled it back already.
      if (this.#database.isTransaction) this.#statements.rollback.run();
      throw classifyFault(error);
    }
  }

  #guarded<T>(query: () => T): T {
    if (this.#closed) throw new StoreUnavailableError('The store is closed.');
    try {
      return query();
    } catch (error) {
      throw classifyFault(error);
    }
  }
}

function idsOf(rows: readonly unknown[]): readonly string[] {
  return (rows as { id: string }[]).map((row) => row.id);
}
