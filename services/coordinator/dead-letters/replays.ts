import { describe } from '../../../shared/errors/describe.ts';
import { ContractError, ShutdownError } from '../../../shared/errors/errors.ts';
import type { Logger } from '../../../shared/telemetry/logger.ts';
import type { Store } from '../store/store.ts';
import { ownLetter } from './letters.ts';
import { type ReplayDesk, replayLetter } from './replay-letter.ts';
import { nextAtMs, PLANS_KEY, plansIn, type ReplayPlan, withPlan } from './replay-plan.ts';

export interface ReplaysOptions extends Omit<ReplayDesk, 'tenant'> {
  readonly instance: string;
  readonly logger: Logger;
}

const LOOK_EVERY_MS = 1_000;
/** How long a coordinator that says nothing keeps a plan for itself. */
const HELD_MS = 15_000;

/**
 * Replays groups of dead letters at their rates. The plans are in the store: when a coordinator dies, another one goes on, and the
 * letter it had in hand makes no second run.
 */
export class Replays {
  readonly #options: ReplaysOptions;
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(options: ReplaysOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer = setTimeout(() => {
      this.#round = this.#look().then(() => {
        if (!this.#stopped) this.start();
      });
    }, LOOK_EVERY_MS).unref();
  }

  /** Resolves when the letter in hand is done. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#round;
  }

  async #look(): Promise<void> {
    const { store, logger } = this.#options;
    try {
      for (const { id } of await openPlans(store)) {
        while (!this.#stopped && (await this.#step(id)));
      }
    } catch (error) {
      if (error instanceof ShutdownError) return;
      const { code, message } = describe(error);
      logger.warn({ code }, `dead letters not replayed: ${message}`);
    }
  }

  /** Replays the next letter of a plan if it is due and nobody else is at it. Answers whether it did. */
  async #step(id: string): Promise<boolean> {
    const plan = await this.#take(id);
    if (plan === undefined || plan.nextId === null) return false;
    const failure = await this.#replay(plan, plan.nextId);
    const { store, now, instance } = this.#options;
    const nextId = await nextLetter(plan, plan.nextId, store);
    await store.changeDocument(PLANS_KEY, (document) => {
      const known = plansIn(document).find((one) => one.id === id);
      // Another one took it over, because this process was silent for too long.
      if (known?.holder !== instance || known.nextId !== plan.nextId) return document ?? {};
      return withPlan(document, {
        ...known,
        nextId,
        nextAtMs: nextAtMs(known, now()),
        ...(failure === null
          ? { replayed: known.replayed + 1 }
          : { failed: known.failed + 1, lastFailure: failure }),
      });
    });
    return true;
  }

  async #take(id: string): Promise<ReplayPlan | undefined> {
    const { store, now, instance } = this.#options;
    const isFree = (plan: ReplayPlan) =>
      plan.nextId !== null &&
      plan.nextAtMs <= now() &&
      (plan.holder === instance || plan.heldUntilMs <= now());
    const plan = (await openPlans(store)).find((one) => one.id === id);
    if (plan === undefined || !isFree(plan)) return undefined;
    const document = await store.changeDocument(PLANS_KEY, (known) => {
      const latest = plansIn(known).find((one) => one.id === id);
      if (latest === undefined || !isFree(latest)) return known ?? {};
      return withPlan(known, { ...latest, holder: instance, heldUntilMs: now() + HELD_MS });
    });
    const taken = plansIn(document).find((one) => one.id === id);
    return taken?.holder === instance && taken.nextId !== null ? taken : undefined;
  }

  async #replay(plan: ReplayPlan, letter: string): Promise<ReplayPlan['lastFailure']> {
    const { logger } = this.#options;
    const desk = { ...this.#options, tenant: plan.tenant };
    try {
      const { run } = await replayLetter(await ownLetter(letter, desk), plan.by, desk);
      logger.info({ replay: plan.id, letter, run }, 'dead letter replayed');
      return null;
    } catch (error) {
      if (!(error instanceof ContractError)) throw error;
      const { code, message } = error;
      logger.warn({ replay: plan.id, letter, code }, `dead letter not replayed: ${message}`);
      return { letter, code, message };
    }
  }
}

async function openPlans(store: Store): Promise<readonly ReplayPlan[]> {
  const documents = await store.readDocuments(PLANS_KEY);
  return plansIn(documents.get(PLANS_KEY)).filter(({ nextId }) => nextId !== null);
}

/** The open letter that follows in the order of lists; letters that came since are before the first. */
export async function nextLetter(
  { filter, tenant }: Pick<ReplayPlan, 'filter' | 'tenant'>,
  before: string | undefined,
  store: Store,
): Promise<string | null> {
  const wanted = { ...filter, tenant, status: 'open', kind: 'failed' } as const;
  const [next] = await store.listDeadLetters(wanted, 1, before);
  return next?.id ?? null;
}
