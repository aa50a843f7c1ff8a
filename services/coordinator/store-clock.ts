import type { Logger } from '../../shared/telemetry/logger.ts';
import type { Store } from './store/store.ts';

const LOOK_EVERY_MS = 10_000;
/** A clock of this host that is wrong by more than this is told of: workers and clients may be wrong, too. */
const TOLERATED_MS = 2_000;

/**
 * The time by which all is due: the store's. Coordinators that share a store so agree on what is late, however wrong the
 * clocks of their hosts are. Between two looks it is carried on by a clock that never jumps.
 */
export class StoreClock {
  /** Milliseconds since 1970, whole. */
  readonly now = (): number => Math.round(this.#baseMs + performance.now());
  readonly #store: Store;
  readonly #logger: Logger;
  #baseMs = Date.now() - performance.now();
  #timer: NodeJS.Timeout | undefined;
  #told = false;

  constructor(store: Store, logger: Logger) {
    this.#store = store;
    this.#logger = logger;
  }

  /** Resolves when it is set. Rejects when the store cannot be used. */
  async start(): Promise<void> {
    await this.#look();
    // A store that is away has a clock that goes on.
    const look = () => void this.#look().catch(() => {});
    this.#timer = setInterval(look, LOOK_EVERY_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    const askedMs = performance.now();
    const storeMs = await this.#store.clockMs();
    const answeredMs = performance.now();
    // It was read at some time in between: closer than that, nobody knows.
    const uncertainMs = (answeredMs - askedMs) / 2 + 1;
    const baseMs = storeMs - (askedMs + answeredMs) / 2;
    if (Math.abs(baseMs - this.#baseMs) > uncertainMs) this.#baseMs = baseMs;
    this.#compare();
  }

  #compare(): void {
    const aheadMs = Math.round(Date.now() - this.now());
    const wrong = Math.abs(aheadMs) > TOLERATED_MS;
    if (wrong && !this.#told) {
      const sentence = 'the clock of this host is not that of the store: keep both in time (NTP)';
      this.#logger.warn({ code: 'clock_skewed', aheadMs }, sentence);
    }
    this.#told = wrong;
  }
}
