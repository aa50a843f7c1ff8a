import { describe } from '../../../shared/errors/describe.ts';
import { ShutdownError } from '../../../shared/errors/errors.ts';
import type { Logger } from '../../../shared/telemetry/logger.ts';
import { type PlaceKey, type Store, StoreUnavailableError } from '../store/store.ts';
import { type HandedOut, type HandOutTerms, handOut } from './hand-out.ts';

/** A rate that lets a call through every few milliseconds gives places to a few calls at a time instead. */
const SHORTEST_WAIT_MS = 10;

export interface PumpOptions {
  readonly store: Store;
  readonly logger: Logger;
  readonly now: () => number;
  /** What a hand-out of places of a model goes by; undefined: there is none now. */
  terms(model: string): HandOutTerms | undefined;
  /** A hand-out is in the store. */
  onHandedOut(model: string, terms: HandOutTerms, outcome: HandedOut): void;
  /** Tells the calls that their places are there; resolves when that is in the store. */
  tell(model: string, places: readonly PlaceKey[]): Promise<void>;
}

/**
 * Hands out places in the queues of models. It does nothing by itself: somebody wakes it for a model when a call waits, or a
 * place may be free. A place that was handed out and never told of, because this process died between the two, is told of by
 * whoever hands out next, 5 s later.
 */
export class Pump {
  readonly #options: PumpOptions;
  readonly #woken = new Set<string>();
  readonly #timers = new Map<string, NodeJS.Timeout>();
  #working: Promise<void> | undefined;
  #stopped = false;

  constructor(options: PumpOptions) {
    this.#options = options;
  }

  wake(model: string): void {
    if (this.#stopped) return;
    this.#woken.add(model);
    this.#working ??= this.#work();
  }

  /** Woken for the model, and not come to it yet. */
  isWoken(model: string): boolean {
    return this.#woken.has(model);
  }

  /** Resolves when the hand-out in hand is over. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    await this.#working;
  }

  /** Never rejects: whoever waits is looked for again within a second. */
  async #work(): Promise<void> {
    // What this turn of the event loop brings is one hand-out.
    await new Promise((resolve) => setImmediate(resolve));
    for (const model of this.#woken) {
      if (this.#stopped) break;
      this.#woken.delete(model);
      try {
        await this.#handOut(model);
      } catch (error) {
        this.#note(model, error);
      }
    }
    this.#working = undefined;
  }

  async #handOut(model: string): Promise<void> {
    const { store, now } = this.#options;
    const terms = this.#options.terms(model);
    if (terms === undefined) return;
    let outcome: HandedOut | undefined;
    const places = await store.grantPlaces(model, terms.nowMs, (queue) => {
      outcome = handOut(queue, terms);
      return outcome;
    });
    if (outcome === undefined) return;
    this.#options.onHandedOut(model, terms, outcome);
    if (outcome.againAtMs !== null) this.#wakeIn(model, outcome.againAtMs - now());
    if (places.length > 0) await this.#options.tell(model, places);
  }

  #wakeIn(model: string, ms: number): void {
    clearTimeout(this.#timers.get(model));
    const timer = setTimeout(() => this.wake(model), Math.max(SHORTEST_WAIT_MS, ms));
    this.#timers.set(model, timer.unref());
  }

  #note(model: string, error: unknown): void {
    if (error instanceof ShutdownError) return;
    const { code, message } = describe(error);
    const level = error instanceof StoreUnavailableError ? 'warn' : 'error';
    this.#options.logger[level]({ model, code }, `no places handed out: ${message}`);
  }
}
