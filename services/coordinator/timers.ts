import { describe } from '../../shared/errors/describe.ts';
import { ShutdownError } from '../../shared/errors/errors.ts';
import { failpoint } from '../../shared/failpoints/failpoint.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';
import type { Commits } from './commits.ts';
import type { Hearing } from './hearing.ts';
import { type Store, StoreUnavailableError } from './store/store.ts';
import type { Task } from './transition.ts';

const BATCH = 100;
/** Longest sleep: the timers of a coordinator that died are noticed after it, and a changed clock does no more harm. */
const MAX_SLEEP_MS = 5_000;
/** Shortest sleep after a scan: a run that is due and locked elsewhere is left out, and must not be looked for without a pause. */
const MIN_SLEEP_MS = 20;
/** Between two looks while timers may not be believed, and after a fault. */
const DEAF_SLEEP_MS = 100;
/** A run whose timer cannot be decided is looked at again after this; without it the scan would spin on it. */
const POSTPONE_MS = 30_000;

export interface TimersOptions {
  readonly store: Store;
  readonly commits: Commits;
  readonly hearing: Hearing;
  readonly logger: Logger;
  readonly now: () => number;
}

/** Tells runs that their time has come. The due times live in the store; here is one loop that sleeps until the earliest. */
export class Timers {
  readonly #options: TimersOptions;
  #timer: NodeJS.Timeout | undefined;
  #wakesAtMs = Infinity;
  #scan: Promise<void> | undefined;
  #stopped = false;

  constructor(options: TimersOptions) {
    this.#options = options;
  }

  start(): void {
    this.wakeAt(0);
  }

  /** Something is due then; an earlier wake-up stays. */
  wakeAt(atMs: number): void {
    if (this.#stopped || atMs >= this.#wakesAtMs) return;
    this.#sleepUntil(atMs);
  }

  /** Resolves when a scan in hand is over. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#scan;
  }

  #sleepUntil(atMs: number): void {
    clearTimeout(this.#timer);
    if (this.#stopped) return;
    this.#wakesAtMs = atMs;
    const sleepMs = Math.min(Math.max(0, atMs - this.#options.now()), MAX_SLEEP_MS);
    this.#timer = setTimeout(() => {
      // Whatever becomes due from here on wakes the loop again; a scan in hand ends first.
      this.#wakesAtMs = Infinity;
      this.#scan = (this.#scan ?? Promise.resolve()).then(() => this.#look());
    }, sleepMs);
  }

  async #look(): Promise<void> {
    if (this.#stopped) return;
    const { store, hearing, commits, logger, now } = this.#options;
    try {
      if (hearing.believable && commits.storeAvailable) {
        while (!this.#stopped && hearing.believable && (await this.#tellDue()) === BATCH);
        const nextMs = await store.nextDueMs();
        this.wakeAt(
          Math.min(Math.max(nextMs ?? Infinity, now() + MIN_SLEEP_MS), now() + MAX_SLEEP_MS),
        );
        return;
      }
    } catch (error) {
      if (error instanceof ShutdownError) return;
      if (error instanceof StoreUnavailableError) hearing.lost();
      const { code, message } = describe(error);
      logger.warn({ code }, `timers not looked at: ${message}`);
    }
    this.wakeAt(now() + DEAF_SLEEP_MS);
  }

  /** Answers how many runs were due. */
  async #tellDue(): Promise<number> {
    const { store, commits, logger, now } = this.#options;
    const ids = await store.dueRunIds(now(), BATCH);
    if (ids.length === 0) return 0;
    failpoint('C9');
    await commits.commit(ids.map((runId) => timerTask(runId, logger)));
    return ids.length;
  }
}

/** Has a run do what is due. */
export function timerTask(runId: string, logger: Logger): Task {
  return {
    runId,
    decide: (draft) => draft.tell({ type: 'timerDue' }),
    giveUp(draft, error) {
      const { code, message } = describe(error);
      logger.error({ run: runId, code }, `timer put off: ${message}`);
      draft.postpone(draft.nowMs + POSTPONE_MS);
    },
  };
}
