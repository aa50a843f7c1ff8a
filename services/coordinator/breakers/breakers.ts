import type { JsonObject } from '../../../shared/envelope/json.ts';
import { describe } from '../../../shared/errors/describe.ts';
import type { BreakerPolicy } from '../../../shared/flow/kernel.ts';
import type { Logger } from '../../../shared/telemetry/logger.ts';
import type { BreakerFacts } from '../engine/decision.ts';
import type { Store } from '../store/store.ts';
import type { Committed } from '../transition.ts';
import type { BreakerState } from './breaker.ts';
import {
  type BreakerDocument,
  breakerDocumentOf,
  breakerKeyOf,
  policyKeyOf,
  readBreakers,
} from './breaker-document.ts';
import { SharingBreaker } from './sharing-breaker.ts';
import { heardIn } from './words.ts';

export interface BreakersOptions {
  readonly store: Store;
  readonly instance: string;
  readonly logger: Logger;
  readonly now: () => number;
}

/** How it stands with one breaker of a model. */
export interface BreakerReport {
  readonly model: string;
  readonly state: BreakerState['name'];
  /** When it will be tried again; null while it is closed. */
  readonly untilMs: number | null;
  readonly calls: number;
  readonly failed: number;
  readonly slow: number;
}

/**
 * Which models may be called. Its rules:
 * 1. A model has one breaker for each policy under which it is called, made when it is first asked for.
 * 2. It learns from what was committed, by whichever run: a breaker knows all calls of its model.
 * 3. A change of state is written to the document that all coordinators share at once, and read by the others once a second.
 *    As long as all calls are well nothing is written.
 * 4. While it is half open one coordinator probes. Who hears the answer to a probe of another hands it over by the document.
 */
export class Breakers {
  readonly #options: BreakersOptions;
  readonly #byModel = new Map<string, Map<string, SharingBreaker>>();
  #documents: ReadonlyMap<string, BreakerDocument> = new Map();
  readonly #writing = new Set<Promise<void>>();

  constructor(options: BreakersOptions) {
    this.#options = options;
  }

  facts(model: string, policy: BreakerPolicy): BreakerFacts {
    const nowMs = this.#options.now();
    const sharing = this.#of(model, policy);
    if (sharing.breaker.claimable(nowMs)) this.#write(model, [sharing], 'claim');
    return sharing.breaker.facts(nowMs);
  }

  /** Told of each commit. */
  committed(committed: Committed): void {
    if (this.#byModel.size === 0) return;
    const nowMs = this.#options.now();
    for (const { model, attempt, word } of heardIn(committed)) {
      for (const sharing of this.#byModel.get(model)?.values() ?? []) {
        if (sharing.hear(attempt, word, nowMs)) this.#write(model, [sharing]);
      }
    }
  }

  /** Once a second, and before the first run is worked on. */
  async share(): Promise<void> {
    const { store, now } = this.#options;
    this.#documents = await readBreakers(store);
    for (const [model, breakers] of this.#byModel) {
      const document = this.#documents.get(model) ?? {};
      for (const [key, sharing] of breakers) sharing.read(document[key], now());
      const news = [...breakers.values()].filter((sharing) => sharing.hasNews(now()));
      if (news.length > 0) this.#write(model, news);
    }
    await this.stop();
  }

  states(): readonly BreakerReport[] {
    const nowMs = this.#options.now();
    return [...this.#byModel].flatMap(([model, breakers]) =>
      [...breakers.values()].map(({ breaker }) => {
        const { name } = breaker.state;
        const untilMs = name === 'closed' ? null : breaker.facts(nowMs).untilMs;
        return { model, state: name, untilMs, ...breaker.tally(nowMs) };
      }),
    );
  }

  /** Resolves when nothing is being written. */
  async stop(): Promise<void> {
    await Promise.all(this.#writing);
  }

  #of(model: string, policy: BreakerPolicy): SharingBreaker {
    const breakers = this.#byModel.get(model) ?? new Map<string, SharingBreaker>();
    this.#byModel.set(model, breakers);
    const key = policyKeyOf(policy);
    const known = breakers.get(key);
    if (known) return known;
    const { instance, now } = this.#options;
    const sharing = new SharingBreaker(policy, instance);
    sharing.read(this.#documents.get(model)?.[key], now());
    breakers.set(key, sharing);
    return sharing;
  }

  /** Writes what there is to tell; a fault is made good by the next second's share. */
  #write(model: string, breakers: readonly SharingBreaker[], intent?: 'claim'): void {
    const idle = breakers.filter((sharing) => sharing.beginWrite());
    if (idle.length === 0) return;
    const { logger } = this.#options;
    const writing = this.#change(model, idle, intent)
      .catch((error: unknown) => {
        const { code, message } = describe(error);
        logger.warn({ model, code }, `breaker not shared: ${message}`);
      })
      .finally(() => {
        for (const sharing of idle) sharing.endWrite();
        this.#writing.delete(writing);
      });
    this.#writing.add(writing);
  }

  async #change(
    model: string,
    breakers: readonly SharingBreaker[],
    intent?: 'claim',
  ): Promise<void> {
    const { store, now } = this.#options;
    const told = breakers.map((sharing) => ({
      sharing,
      said: sharing.contribution(now(), intent === 'claim'),
    }));
    const after = await store.changeDocument(breakerKeyOf(model), (before) => {
      const document = { ...breakerDocumentOf(before) };
      for (const { said } of told) document[said.key] = said.merge(document[said.key], now());
      return document as unknown as JsonObject;
    });
    const document = breakerDocumentOf(after);
    for (const { sharing, said } of told) sharing.written(said, document[said.key], now());
  }
}
