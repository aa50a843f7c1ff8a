import type { Run } from '../../../services/coordinator/engine/run.ts';
import {
  type Changes,
  type FlowRow,
  type SharedAnswer,
  type StoreTransaction,
  StoreUnavailableError,
  type ValueRow,
} from '../../../services/coordinator/store/store.ts';
import type { SimulatedProcess } from '../virtual/process.ts';
import { maybeCrash } from '../world/world.ts';
import type { SimulatedDatabase } from './database.ts';

/** A transaction that can be cut off between any two of its statements. */
export class SimulatedTransaction implements StoreTransaction {
  /** What it wrote; worth something once it is committed. */
  readonly written: Changes[] = [];
  readonly #database: SimulatedDatabase;
  readonly #process: SimulatedProcess;
  readonly #inner: StoreTransaction;
  readonly #aborted = Promise.withResolvers<never>();
  #over = false;

  constructor(database: SimulatedDatabase, process: SimulatedProcess, inner: StoreTransaction) {
    this.#database = database;
    this.#process = process;
    this.#inner = inner;
    this.#aborted.promise.catch(() => {});
  }

  lockRuns(ids: readonly string[]): Promise<ReadonlyMap<string, Run>> {
    return this.#statement(() => this.#inner.lockRuns(ids));
  }

  readValues(
    keys: readonly { readonly runId: string; readonly key: string }[],
  ): Promise<readonly ValueRow[]> {
    return this.#statement(() => this.#inner.readValues(keys));
  }

  readAnswers(keys: readonly string[], nowMs: number): Promise<ReadonlyMap<string, SharedAnswer>> {
    return this.#statement(() => this.#inner.readAnswers(keys, nowMs));
  }

  findFlow(digest: string): Promise<FlowRow | undefined> {
    return this.#statement(() => this.#inner.findFlow(digest));
  }

  write(changes: Changes): Promise<void> {
    return this.#statement(async () => {
      await this.#inner.write(changes);
      this.written.push(changes);
    });
  }

  beforeCommit(): Promise<void> {
    return this.#statement(async () =>
      maybeCrash(this.#database.world, this.#process, 'before a commit'),
    );
  }

  /** The outcome of work, unless the transaction ends first. */
  race<T>(work: Promise<T>): Promise<T> {
    // Nobody listens any more to work that was cut off.
    work.catch(() => {});
    return Promise.race([work, this.#aborted.promise]);
  }

  /** Nothing more can be done in it. */
  abort(): void {
    this.#over = true;
    this.#aborted.reject(new StoreUnavailableError('The transaction was ended by the database.'));
  }

  async #statement<T>(run: () => Promise<T>): Promise<T> {
    const { clock, chance } = this.#database.world;
    await clock.wait(chance.upTo(0.5), this.#process);
    if (this.#over) throw new StoreUnavailableError('The transaction is over.');
    try {
      this.#database.assertAvailable();
      return await run();
    } catch (error) {
      if (error instanceof StoreUnavailableError) this.abort();
      throw error;
    }
  }
}
