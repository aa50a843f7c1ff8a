import { setTimeout as pause } from 'node:timers/promises';
import { type BackoffPolicy, backoffMs } from '../../shared/backoff/backoff.ts';
import { describe } from '../../shared/errors/describe.ts';
import { FleetError, ShutdownError } from '../../shared/errors/errors.ts';
import { failpoint } from '../../shared/failpoints/failpoint.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';
import type { Run } from './engine/run.ts';
import type { Outgoing } from './outbox/outgoing.ts';
import { type HistoryRow, StoreUnavailableError } from './store/store.ts';
import { type Committed, type Desk, type Task, transition } from './transition.ts';

/** Waits while the store cannot be used. */
const retry: BackoffPolicy = { initialMs: 100, factor: 2, maxMs: 5_000, jitter: 'full' };

export interface CommitsOptions {
  readonly desk: Desk;
  readonly outgoing: Outgoing;
  readonly logger: Logger;
  /** Ends waiting for a store that is away. */
  readonly stop: AbortSignal;
  /** Another process has the store: this one must end. */
  readonly onLeaseLost: (error: FleetError) => void;
  readonly onStoreAway: () => void;
  readonly onHistory?: ((rows: readonly HistoryRow[]) => void) | undefined;
  /** A run that is open has this due time now. */
  readonly onDue: (dueMs: number) => void;
  readonly onRun: (run: Run) => void;
  /** Told of each transaction, after its commit. */
  readonly onCommitted: (committed: Committed) => void;
}

interface Gathered {
  readonly tasks: readonly Task[];
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Writes what happened, whole batches first:
 * 1. A store that is away is waited for; nothing is lost meanwhile, because nothing is acknowledged.
 * 2. A batch that cannot be stored for another reason is repeated task by task, so that a poison message harms only itself.
 * 3. A task that cannot be stored even alone is given up: what is written instead says so.
 */
export class Commits {
  readonly #options: CommitsOptions;
  readonly #gathered: Gathered[] = [];
  #storeAvailable = true;

  constructor(options: CommitsOptions) {
    this.#options = options;
  }

  /** False from a failed attempt to use the store until one succeeds. */
  get storeAvailable(): boolean {
    return this.#storeAvailable;
  }

  /**
   * Resolves when everything is in the store and what the tasks send is on its way; acknowledge right then. Throws
   * ShutdownError when the process stops first.
   */
  commit(tasks: readonly Task[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#gathered.push({ tasks, resolve, reject });
      if (this.#gathered.length === 1) setImmediate(() => void this.#commitGathered());
    });
  }

  /** What every consumer has brought in one turn of the event loop is one transaction: a commit on disk costs the same for all. */
  async #commitGathered(): Promise<void> {
    const gathered = this.#gathered.splice(0);
    try {
      const committed = await this.#together(gathered.flatMap(({ tasks }) => tasks));
      // Ahead of the acknowledgements, in the same turn: the broker's disk then takes what the next step waits for first.
      this.#publish(committed);
      for (const { resolve } of gathered) resolve();
    } catch (error) {
      for (const { reject } of gathered) reject(error);
    }
  }

  /** Sends what was committed on its way. */
  #publish(committed: readonly Committed[]): void {
    for (const { outbox } of committed) {
      failpoint('C10', () => outbox.some(({ type }) => type === 'result'));
      if (outbox.length > 0) this.#options.outgoing.publish(outbox);
    }
  }

  async #together(tasks: readonly Task[]): Promise<readonly Committed[]> {
    try {
      return [await this.patiently(() => this.#once(tasks))];
    } catch (error) {
      if (endsWork(error)) throw error;
      return this.#oneByOne(tasks, error);
    }
  }

  async #oneByOne(tasks: readonly Task[], fault: unknown): Promise<readonly Committed[]> {
    const { code, message } = describe(fault);
    this.#options.logger.warn(
      { tasks: tasks.length, code },
      `batch repeated one by one: ${message}`,
    );
    const committed: Committed[] = [];
    for (const task of tasks) committed.push(await this.#alone(task));
    return committed;
  }

  async #alone(task: Task): Promise<Committed> {
    try {
      return await this.patiently(() => this.#once([task]));
    } catch (error) {
      if (endsWork(error)) throw error;
      const { code, message } = describe(error);
      this.#options.logger.error({ run: task.runId, code }, `given up: ${message}`);
      const { runId } = task;
      const decide = async (draft: Parameters<Task['giveUp']>[0]) => task.giveUp(draft, error);
      return await this.patiently(() => this.#once([{ runId, decide, giveUp: () => {} }]));
    }
  }

  /** As `work` settles, and again while the store is away. Throws ShutdownError when the process stops first. */
  async patiently<T>(work: () => Promise<T>): Promise<T> {
    const { stop, logger } = this.#options;
    for (let failures = 1; ; failures += 1) {
      try {
        const done = await work();
        this.#storeAvailable = true;
        return done;
      } catch (error) {
        if (isLeaseLost(error)) this.#options.onLeaseLost(error);
        if (!(error instanceof StoreUnavailableError)) throw error;
        this.#storeAvailable = false;
        this.#options.onStoreAway();
        logger.warn({ code: error.code, failures }, error.message);
        await pause(backoffMs(retry, failures, Math.random()), undefined, { signal: stop }).catch(
          () => {
            throw new ShutdownError();
          },
        );
      }
    }
  }

  async #once(tasks: readonly Task[]): Promise<Committed> {
    const { desk, outgoing } = this.#options;
    const published = outgoing.takeConfirmed();
    try {
      const committed = await transition(desk, tasks, published);
      this.#tell(committed);
      return committed;
    } catch (error) {
      outgoing.giveBackConfirmed(published);
      throw error;
    }
  }

  /** What an observer throws is its own affair: the commit stands. */
  #observe(history: readonly HistoryRow[]): void {
    try {
      this.#options.onHistory?.(history);
    } catch (error) {
      const { code, message } = describe(error);
      this.#options.logger.error({ code }, `history observer failed: ${message}`);
    }
  }

  #tell(committed: Committed): void {
    const { runs, history } = committed;
    const { logger, onDue, onRun, onCommitted } = this.#options;
    for (const { after } of runs) {
      if (after.dueMs !== null) onDue(after.dueMs);
      onRun(after);
    }
    for (const { runId, type, path, attempt, code, facts } of history) {
      const fields = { run: runId, step: path, attempt, code, ...facts };
      if (type === 'run_finished') logger.info(fields, type);
      else logger.debug(fields, type);
    }
    onCommitted(committed);
    if (history.length > 0) this.#observe(history);
  }
}

function isLeaseLost(error: unknown): error is FleetError {
  return error instanceof FleetError && error.code === 'lease_lost';
}

/** Faults that say nothing about the tasks. */
function endsWork(error: unknown): boolean {
  return error instanceof ShutdownError || isLeaseLost(error);
}
