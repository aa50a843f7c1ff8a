import type { Held } from '../envelope/manifest.ts';

/** What a worker that still runs a call says of it is repeated every 5 s: three missed, and it runs no more. */
const WORD_COUNTS_MS = 15_000;

/** How a sibling stands to a call: it will answer it, or has. */
export type Standing = 'running' | 'answered';

interface Word {
  readonly running: ReadonlySet<string>;
  readonly answered: ReadonlySet<string>;
  readonly heardAtMs: number;
}

/** The other workers of a model, and the last that each has said of the calls it had when the broker was lost. */
export class Siblings {
  readonly #here = new Set<string>();
  readonly #awaited = new Set<string>();
  /** Only of those who had any calls. */
  readonly #words = new Map<string, Word>();
  #latestWordAtMs = Number.NEGATIVE_INFINITY;

  /** Siblings that are still to speak since `awaitAll`. */
  get awaited(): number {
    return this.#awaited.size;
  }

  hear({ instance, running, answered, leaves = false }: Held, nowMs: number): void {
    this.#awaited.delete(instance);
    if (leaves) this.#here.delete(instance);
    else this.#here.add(instance);
    if (running.length + answered.length === 0) {
      this.#words.delete(instance);
      return;
    }
    this.#latestWordAtMs = nowMs;
    this.#words.set(instance, {
      running: new Set(running),
      answered: new Set(answered),
      heardAtMs: nowMs,
    });
  }

  /** What was said before the broker was lost is out of date: all are to speak again. */
  awaitAll(): void {
    for (const instance of this.#here) this.#awaited.add(instance);
  }

  /** Those that have not spoken by now are gone. */
  forgetAwaited(): void {
    for (const instance of this.#awaited) {
      this.#here.delete(instance);
      this.#words.delete(instance);
    }
    this.#awaited.clear();
  }

  /**
   * How some sibling stands to a call whose request has come here; undefined: the call is nobody else's. A request that is no
   * redelivery was published again for a reason: what was said long ago does not count for it.
   */
  standingTo(call: string, redelivered: boolean, nowMs: number): Standing | undefined {
    if (!redelivered && nowMs - this.#latestWordAtMs > WORD_COUNTS_MS) return undefined;
    let standing: Standing | undefined;
    for (const { running, answered, heardAtMs } of this.#words.values()) {
      const counts = nowMs - heardAtMs <= WORD_COUNTS_MS;
      if (answered.has(call) && (counts || redelivered)) return 'answered';
      if (running.has(call) && counts) standing = 'running';
    }
    return standing;
  }
}
