/** Bounds how much runs at a time; those who wait are served in the order they came. */
export class Semaphore {
  #free: number;
  readonly #waiting = new Set<() => void>();

  constructor(permits: number) {
    this.#free = permits;
  }

  /** Takes a permit at once, or answers false. */
  tryAcquire(): boolean {
    if (this.#free === 0) return false;
    this.#free -= 1;
    return true;
  }

  /** Resolves with a permit taken; rejects with the signal's reason when it fires first, and then holds none. */
  async acquire(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (this.tryAcquire()) return;
    const turn = Promise.withResolvers<void>();
    const refuse = () => {
      this.#waiting.delete(turn.resolve);
      turn.reject(signal?.reason);
    };
    this.#waiting.add(turn.resolve);
    signal?.addEventListener('abort', refuse, { once: true });
    try {
      await turn.promise;
    } finally {
      signal?.removeEventListener('abort', refuse);
    }
  }

  /** Gives a permit back: straight to whoever waits longest, where somebody does. */
  release(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#free += 1;
      return;
    }
    this.#waiting.delete(next);
    next();
  }
}
