import type { Artifacts } from '../../../shared/artifacts/artifact-store.ts';
import { describe } from '../../../shared/errors/describe.ts';
import type { Logger } from '../../../shared/telemetry/logger.ts';
import type { Store } from '../store/store.ts';
import { sweep } from './sweep.ts';

const EVERY_MS = 60 * 60_000;
/** How often a coordinator looks whether it is time: another one may have swept. */
const LOOK_EVERY_MS = 60_000;
const DOCUMENT = 'artifact-sweep';

export interface SweeperOptions {
  /** Left out: there is nothing to sweep. */
  readonly artifacts?: Artifacts | undefined;
  readonly store: Store;
  readonly instance: string;
  readonly logger: Logger;
  readonly now: () => number;
}

/** Sweeps the artifact store once an hour, one coordinator of all that share a database. */
export class Sweeper {
  readonly #options: SweeperOptions;
  readonly #stop = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<void> | undefined;

  constructor(options: SweeperOptions) {
    this.#options = options;
  }

  /** What a store forgets it cannot protect: beside one in memory nothing is deleted. */
  start(): void {
    const { artifacts, store } = this.#options;
    if (artifacts !== undefined && store.durable) this.#look(artifacts);
  }

  /** Resolves when a sweep in hand is over; it is broken off. */
  async stop(): Promise<void> {
    this.#stop.abort();
    clearTimeout(this.#timer);
    await this.#round;
  }

  #look(artifacts: Artifacts): void {
    if (this.#stop.signal.aborted) return;
    this.#round = this.#sweepInTurn(artifacts).finally(() => {
      if (this.#stop.signal.aborted) return;
      this.#timer = setTimeout(() => this.#look(artifacts), LOOK_EVERY_MS).unref();
    });
  }

  /** Never rejects: what was not swept is swept an hour later. */
  async #sweepInTurn(artifacts: Artifacts): Promise<void> {
    const { store, logger } = this.#options;
    const { signal } = this.#stop;
    try {
      const nowMs = this.#options.now();
      if (!(await this.#isMyTurn(nowMs))) return;
      const swept = await sweep({ artifacts: artifacts.store, store, nowMs, signal });
      if (swept.deleted + swept.kept > 0) logger.info(swept, 'swept expired artifacts');
    } catch (error) {
      if (signal.aborted) return;
      const { code, message } = describe(error);
      logger.warn({ code }, `artifacts not swept: ${message}`);
    }
  }

  async #isMyTurn(atMs: number): Promise<boolean> {
    const mine = { by: this.#options.instance, atMs };
    const last = await this.#options.store.changeDocument(DOCUMENT, (document) => {
      const lastMs = Number(document?.['atMs'] ?? -Infinity);
      return document !== undefined && atMs < lastMs + EVERY_MS ? document : mine;
    });
    return last['by'] === mine.by && last['atMs'] === mine.atMs;
  }
}
