import type { ModelLimits } from '../../../shared/envelope/manifest.ts';
import type { Logger } from '../../../shared/telemetry/logger.ts';
import type { ModelBook } from '../model-book.ts';
import type { EndedAttempt } from '../shared-effects.ts';
import { PLACE_UNUSED_MS } from '../store/bounds.ts';
import type { Store } from '../store/store.ts';
import type { Tenants } from '../tenants.ts';
import type { Committed, Task } from '../transition.ts';
import type { HandedOut, HandOutTerms } from './hand-out.ts';
import { isStrict, windowOf } from './model-limits.ts';
import type { OpenRequests } from './open-requests.ts';
import { Pump } from './pump.ts';
import { slotTask } from './slot-task.ts';

/** A crowded model of which no request opened or ended for so long may have been counted wrongly. */
const STANDSTILL_MS = 10_000;

export interface LimitsOptions {
  readonly store: Store;
  readonly models: ModelBook;
  readonly open: OpenRequests;
  readonly tenants: Tenants;
  readonly logger: Logger;
  readonly now: () => number;
  /** Resolves when the tasks are in the store. */
  readonly commit: (tasks: readonly Task[]) => Promise<void>;
}

/** How it stands with a model's limits. */
export interface LimitsState {
  readonly limits: ModelLimits;
  readonly window: number;
  readonly openRequests: number;
  /** Calls wait for a place. */
  readonly crowded: boolean;
  readonly paused: boolean;
}

/**
 * How many requests the queues of models take. Its rules:
 * 1. A model has a window: so many requests may be in its queue and under way. The count of them is shared by all coordinators
 *    once a second, so that the window is kept roughly.
 * 2. A call that finds no room becomes a row, a place in the model's line. As long as anybody waits, whoever comes later waits
 *    too: places are handed out in fair order.
 * 3. Of a model with strict limits every call goes through a place and keeps it until its attempt has ended. One hand-out at a
 *    time decides in the store, so that the limits hold over all coordinators and workers.
 * 4. A paused model has no room and hands out nothing.
 */
export class Limits {
  readonly #options: LimitsOptions;
  readonly #pump: Pump;
  /** Models with calls in their lines, as far as this process knows. */
  readonly #crowded = new Set<string>();
  /** Tokens used beyond what was set aside for them, since the last hand-out. */
  readonly #tokensOwed = new Map<string, number>();

  constructor(options: LimitsOptions) {
    const { store, logger, now, commit } = options;
    this.#options = options;
    this.#pump = new Pump({
      store,
      logger,
      now,
      terms: (model) => this.#terms(model),
      onHandedOut: (model, terms, outcome) => this.#noteHandOut(model, terms, outcome),
      tell: (_, places) => commit(places.map((place) => slotTask(place, logger))),
    });
  }

  /** Requests of a model that may leave now; a transaction subtracts what it takes itself. */
  roomOf(model: string): number {
    const { models, open } = this.#options;
    if (models.isPaused(model) || this.#crowded.has(model)) return 0;
    const limits = models.limitsOf(model);
    return isStrict(limits) ? 0 : Math.max(0, this.#window(model, limits) - open.total(model));
  }

  /** True: the place of a call stays taken until its attempt ends. */
  keepsPlaces(model: string): boolean {
    return isStrict(this.#options.models.limitsOf(model));
  }

  /** Told of each commit. */
  committed({ runs, held, ended }: Committed): void {
    const { open } = this.#options;
    for (const { before, after } of runs) open.count(before, after);
    for (const { model } of held) {
      this.#crowded.add(model);
      this.#pump.wake(model);
    }
    for (const attempt of ended) {
      this.#settle(attempt);
      if (this.#crowded.has(attempt.model)) this.#pump.wake(attempt.model);
    }
  }

  /** Once a second: what other coordinators did, and what one that died has left. */
  async share(): Promise<void> {
    const { store, models, open, now } = this.#options;
    for (const model of this.#crowded) {
      const limits = models.limitsOf(model);
      const stands = now() - open.movedAtMs(model) >= STANDSTILL_MS;
      if (stands && !isStrict(limits) && !models.isPaused(model)) open.doubt();
    }
    await open.share();
    for (const model of await store.crowdedModels(now() - PLACE_UNUSED_MS)) {
      this.#crowded.add(model);
      this.#pump.wake(model);
    }
  }

  state(model: string): LimitsState {
    const { models, open } = this.#options;
    const limits = models.limitsOf(model);
    return {
      limits,
      window: this.#window(model, limits),
      openRequests: open.total(model),
      crowded: this.#crowded.has(model),
      paused: models.isPaused(model),
    };
  }

  stop(): Promise<void> {
    return this.#pump.stop();
  }

  #terms(model: string): HandOutTerms | undefined {
    const { models, open, tenants, now } = this.#options;
    if (models.isPaused(model)) return undefined;
    const limits = models.limitsOf(model);
    const window = this.#window(model, limits);
    // Of a strict model every request that is open has a place.
    const places = isStrict(limits)
      ? Math.min(window, limits.inFlight ?? window)
      : window - open.total(model);
    return {
      nowMs: now(),
      limits,
      places,
      weightOf: (tenant) => tenants.weightOf(tenant),
      tokensOwed: this.#tokensOwed.get(model) ?? 0,
    };
  }

  #noteHandOut(model: string, { tokensOwed }: HandOutTerms, { left }: HandedOut): void {
    if (!left && !this.#pump.isWoken(model)) this.#crowded.delete(model);
    if (tokensOwed !== 0) this.#owe(model, -tokensOwed);
  }

  /** What was set aside for a call was a guess. */
  #settle({ model, version, usage }: EndedAttempt): void {
    const { models } = this.#options;
    if (usage === undefined || models.limitsOf(model).tokensPerMinute === undefined) return;
    const estimate = models.facts(model)?.contract?.(version)?.estimate;
    const guessed = (estimate?.inputTokens ?? 0) + (estimate?.outputTokens ?? 0);
    this.#owe(model, usage.inputTokens + usage.outputTokens - guessed);
  }

  #owe(model: string, tokens: number): void {
    this.#tokensOwed.set(model, (this.#tokensOwed.get(model) ?? 0) + tokens);
  }

  #window(model: string, limits: ModelLimits): number {
    return windowOf(limits, this.#options.models.concurrencyOf(model));
  }
}
