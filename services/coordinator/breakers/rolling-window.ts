/** Calls of a stretch of time, and how many of them failed or were slow. */
export interface Tally {
  readonly calls: number;
  readonly failed: number;
  readonly slow: number;
}

/** Tallies by number of their stretch: the same for every process, whatever its clock began with. */
export type Buckets = Readonly<Record<string, Tally>>;

const BUCKETS = 10;
const nothing: Tally = { calls: 0, failed: 0, slow: 0 };

/** The calls of the last `windowMs`, forgotten a tenth at a time. */
export class RollingWindow {
  readonly #bucketMs: number;
  readonly #tallies = new Map<number, Tally>();

  constructor(windowMs: number) {
    this.#bucketMs = Math.max(1, Math.ceil(windowMs / BUCKETS));
  }

  add(call: { readonly failed: boolean; readonly slow: boolean }, nowMs: number): void {
    const number = this.#numberAt(nowMs);
    this.#forget(number);
    this.#tallies.set(
      number,
      plus(this.#tallies.get(number) ?? nothing, {
        calls: 1,
        failed: call.failed ? 1 : 0,
        slow: call.slow ? 1 : 0,
      }),
    );
  }

  clear(): void {
    this.#tallies.clear();
  }

  buckets(nowMs: number): Buckets {
    this.#forget(this.#numberAt(nowMs));
    return Object.fromEntries(this.#tallies);
  }

  /** All calls of the window, and those of others in theirs that are not older than `sinceMs`. */
  sum(others: readonly Buckets[], nowMs: number, sinceMs: number): Tally {
    const newest = this.#numberAt(nowMs);
    const oldest = Math.max(newest - BUCKETS + 1, Math.ceil(sinceMs / this.#bucketMs));
    this.#forget(newest);
    const own = [...this.#tallies.values()];
    const theirs = others.flatMap((buckets) =>
      Object.entries(buckets)
        .filter(([number]) => Number(number) >= oldest)
        .map(([, tally]) => tally),
    );
    return [...own, ...theirs].reduce(plus, nothing);
  }

  #numberAt(nowMs: number): number {
    return Math.floor(nowMs / this.#bucketMs);
  }

  #forget(newest: number): void {
    for (const number of this.#tallies.keys()) {
      if (number <= newest - BUCKETS) this.#tallies.delete(number);
    }
  }
}

function plus(one: Tally, other: Tally): Tally {
  return {
    calls: one.calls + other.calls,
    failed: one.failed + other.failed,
    slow: one.slow + other.slow,
  };
}
