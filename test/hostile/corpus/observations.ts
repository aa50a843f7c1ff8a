/**
 * What became of cases, by whatever tells them apart: the correlation id of what was published for one, or what a log line names.
 * Each outcome is told once.
 */
export class Observations {
  readonly #seen = new Map<string, string>();
  readonly #waiting = new Map<string, (outcome: string) => void>();

  note(key: string, outcome: string): void {
    const waiter = this.#waiting.get(key);
    if (waiter) waiter(outcome);
    else this.#seen.set(key, outcome);
  }

  /** The first outcome under one of the keys; `nothing` when none comes in time. */
  async first(keys: readonly string[], timeoutMs: number): Promise<string> {
    for (const key of keys) {
      const outcome = this.#seen.get(key);
      if (outcome !== undefined) {
        this.#seen.delete(key);
        return outcome;
      }
    }
    const { promise, resolve } = Promise.withResolvers<string>();
    const timer = setTimeout(() => resolve('nothing'), timeoutMs);
    for (const key of keys) this.#waiting.set(key, resolve);
    const outcome = await promise;
    clearTimeout(timer);
    for (const key of keys) this.#waiting.delete(key);
    return outcome;
  }

  /** Forgets what nobody asked for. */
  clear(): void {
    this.#seen.clear();
  }
}
