import { describe } from '../../shared/errors/describe.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';
import type { Transport } from '../../shared/transport/transport.ts';
import { Breakers } from './breakers/breakers.ts';
import { Limits } from './limits/limits.ts';
import { OpenRequests } from './limits/open-requests.ts';
import { ModelBook } from './model-book.ts';
import { Pauses } from './pauses.ts';
import type { Store } from './store/store.ts';
import type { Tenants } from './tenants.ts';
import type { Committed, Task } from './transition.ts';

const EVERY_MS = 1_000;

export interface SharingOptions {
  readonly store: Store;
  readonly transport: Transport;
  readonly instance: string;
  readonly tenants: Tenants;
  readonly logger: Logger;
  readonly now: () => number;
  /** False: the store cannot be used right now. */
  readonly storeAvailable: () => boolean;
  /** Resolves when the tasks are in the store. */
  readonly commit: (tasks: readonly Task[]) => Promise<void>;
}

/** What coordinators know together of models. It is kept in memory, and merged into the store once a second. */
export class Sharing {
  readonly models: ModelBook;
  readonly limits: Limits;
  readonly breakers: Breakers;
  readonly pauses: Pauses;
  readonly #options: SharingOptions;
  readonly #open: OpenRequests;
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<void> | undefined;
  #stopped = false;

  constructor(options: SharingOptions) {
    const { store, transport, instance, tenants, logger, now, commit } = options;
    const open = new OpenRequests({ store, instance, now });
    this.#options = options;
    this.#open = open;
    this.models = new ModelBook(now, (model) => open.total(model));
    this.limits = new Limits({ store, models: this.models, open, tenants, logger, now, commit });
    this.breakers = new Breakers({ store, instance, logger, now });
    this.pauses = new Pauses({ store, transport, models: this.models, now });
  }

  /** Coordinators that live, this one too, as far as it knows. */
  get coordinators(): number {
    return this.#open.coordinators;
  }

  /** Before the first run is worked on. Rejects where the store cannot be used. */
  async begin(): Promise<void> {
    await this.#open.begin();
    await this.pauses.restore();
    await this.breakers.share();
  }

  /** Told of each commit. */
  committed(committed: Committed): void {
    this.limits.committed(committed);
    this.breakers.committed(committed);
  }

  start(): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      this.#round = this.#share().finally(() => this.start());
    }, EVERY_MS).unref();
  }

  /** Resolves when nothing is under way that might commit. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await Promise.all([this.#round, this.limits.stop()]);
  }

  /** After the last commit. Left undone, another coordinator counts anew what this one knew. */
  async end(): Promise<void> {
    await this.breakers.stop();
    if (this.#options.storeAvailable()) await this.#open.end().catch(() => {});
  }

  /** Never rejects: what was not shared is shared a second later. */
  async #share(): Promise<void> {
    const parts = [
      () => this.pauses.restore(),
      () => this.limits.share(),
      () => this.breakers.share(),
    ];
    for (const share of parts) {
      if (!this.#options.storeAvailable()) return;
      try {
        await share();
      } catch (error) {
        const { code, message } = describe(error);
        this.#options.logger.warn({ code }, `not shared: ${message}`);
      }
    }
  }
}
