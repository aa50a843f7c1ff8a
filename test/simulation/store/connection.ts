import type { Run } from '../../../services/coordinator/engine/run.ts';
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
} from '../../../services/coordinator/store/store.ts';
import { StoreUnavailableError } from '../../../services/coordinator/store/store.ts';
import type { JsonObject, JsonValue } from '../../../shared/envelope/json.ts';
import type { SimulatedProcess } from '../virtual/process.ts';
import { maybeCrash } from '../world/world.ts';
import type { SimulatedDatabase } from './database.ts';
import { SimulatedTransaction } from './transaction.ts';

/** A process that stands still in mid transaction loses it after this: others must not wait for it. */
const IDLE_IN_TRANSACTION_MS = 5_000;

/** The database as one process sees it: every call takes time, may fail, and may be the process's last. */
export class SimulatedStore implements Store {
  readonly durable = true;
  readonly #database: SimulatedDatabase;
  readonly #process: SimulatedProcess;
  readonly #open = new Set<SimulatedTransaction>();

  constructor(database: SimulatedDatabase, process: SimulatedProcess) {
    this.#database = database;
    this.#process = process;
    process.onDeath(() => this.#abort());
    process.onPause(() => this.#abortIdle([...this.#open]));
  }

  async clockMs(): Promise<number> {
    return Date.now();
  }

  transaction<T>(work: (transaction: StoreTransaction) => Promise<T>): Promise<T> {
    return this.#call(async () => {
      const { world, store } = this.#database;
      let done: SimulatedTransaction | undefined;
      const result = await store.transaction(async (inner) => {
        const transaction = new SimulatedTransaction(this.#database, this.#process, inner);
        this.#open.add(transaction);
        // Its turn came when nobody was there to take it.
        if (!this.#process.alive) transaction.abort();
        else if (!this.#process.running) this.#abortIdle([transaction]);
        try {
          const value = await transaction.race(work(transaction));
          await transaction.race(transaction.beforeCommit());
          done = transaction;
          return value;
        } finally {
          this.#open.delete(transaction);
          transaction.abort();
        }
      });
      for (const changes of done?.written ?? []) {
        this.#database.committed(this.#process.name, changes);
      }
      maybeCrash(world, this.#process, 'after a commit');
      if (world.chance.happens('unknownOutcome')) {
        world.trace.write(this.#process.name, 'outcome of a commit unknown');
        throw new StoreUnavailableError('The answer to a commit was lost.');
      }
      return result;
    });
  }

  dueRunIds(nowMs: number, limit: number): Promise<readonly string[]> {
    return this.#call((store) => store.dueRunIds(nowMs, limit));
  }

  nextDueMs(): Promise<number | null> {
    return this.#call((store) => store.nextDueMs());
  }

  takeOverdueOutbox(nowMs: number, leaseMs: number, limit: number): Promise<readonly OutboxRow[]> {
    return this.#call((store) => store.takeOverdueOutbox(nowMs, leaseMs, limit));
  }

  wakePendingRuns(flows: readonly string[], nowMs: number): Promise<void> {
    return this.#call((store) => store.wakePendingRuns(flows, nowMs));
  }

  openRunIds(afterId: string, limit: number): Promise<readonly string[]> {
    return this.#call((store) => store.openRunIds(afterId, limit));
  }

  findRun(id: string): Promise<Run | undefined> {
    return this.#call((store) => store.findRun(id));
  }

  readValue(runId: string, key: string): Promise<JsonValue | undefined> {
    return this.#call((store) => store.readValue(runId, key));
  }

  readHistory(runId: string): Promise<readonly HistoryRow[]> {
    return this.#call((store) => store.readHistory(runId));
  }

  readValues(runId: string): Promise<readonly ValueRow[]> {
    return this.#call((store) => store.readValues(runId));
  }

  listRuns(filter: RunFilter, limit: number, beforeId?: string): Promise<readonly Run[]> {
    return this.#call((store) => store.listRuns(filter, limit, beforeId));
  }

  crowdedModels(beforeMs: number): Promise<readonly string[]> {
    return this.#call((store) => store.crowdedModels(beforeMs));
  }

  grantPlaces(
    model: string,
    nowMs: number,
    choose: (queue: PlaceQueue) => HandOut,
  ): Promise<readonly PlaceKey[]> {
    return this.#call((store) => store.grantPlaces(model, nowMs, choose));
  }

  changeDocument(
    key: string,
    change: (document: JsonObject | undefined) => JsonObject,
  ): Promise<JsonObject> {
    return this.#call((store) => store.changeDocument(key, change));
  }

  readDocuments(prefix: string): Promise<ReadonlyMap<string, JsonObject>> {
    return this.#call((store) => store.readDocuments(prefix));
  }

  saveDeadLetters(rows: readonly DeadLetterRow[]): Promise<void> {
    return this.#call(async (store) => {
      await store.saveDeadLetters(rows);
      this.#database.world.durability.lettersSaved(rows);
    });
  }

  listDeadLetters(
    filter: DeadLetterFilter,
    limit: number,
    beforeId?: string,
  ): Promise<readonly DeadLetterRow[]> {
    return this.#call((store) => store.listDeadLetters(filter, limit, beforeId));
  }

  groupDeadLetters(filter: DeadLetterFilter): Promise<readonly DeadLetterGroup[]> {
    return this.#call((store) => store.groupDeadLetters(filter));
  }

  changeDeadLetter(
    id: string,
    change: (row: DeadLetterRow) => DeadLetterRow,
  ): Promise<DeadLetterRow | undefined> {
    return this.#call((store) => store.changeDeadLetter(id, change));
  }

  forgetAnswers(nowMs: number): Promise<void> {
    return this.#call((store) => store.forgetAnswers(nowMs));
  }

  saveFlow(flow: FlowRow): Promise<void> {
    return this.#call((store) => store.saveFlow(flow));
  }

  findFlow(digest: string): Promise<FlowRow | undefined> {
    return this.#call((store) => store.findFlow(digest));
  }

  saveManifest(row: ManifestRow): Promise<void> {
    return this.#call((store) => store.saveManifest(row));
  }

  manifests(): Promise<readonly ManifestRow[]> {
    return this.#call((store) => store.manifests());
  }

  /** The database outlives its coordinators. */
  async close(): Promise<void> {}

  /** Both ways take time in the name of the process: a dead one never hears the answer, a paused one later. */
  async #call<T>(ask: (store: Store) => Promise<T>): Promise<T> {
    const { world, store } = this.#database;
    const { clock, chance } = world;
    const wayMs = () => (chance.happens('delay') ? chance.upTo(5_000) : chance.upTo(1));
    await clock.wait(wayMs(), this.#process);
    maybeCrash(world, this.#process, 'at the store');
    let answer: () => T;
    try {
      this.#database.assertAvailable();
      const value = await ask(store);
      answer = () => value;
    } catch (error) {
      answer = () => {
        throw error;
      };
    }
    await clock.wait(wayMs(), this.#process);
    return answer();
  }

  #abortIdle(open: readonly SimulatedTransaction[]): void {
    const abort = () => {
      if (!this.#process.running) for (const transaction of open) transaction.abort();
    };
    this.#database.world.clock.after(IDLE_IN_TRANSACTION_MS, abort, null);
  }

  #abort(): void {
    for (const transaction of this.#open) transaction.abort();
  }
}
