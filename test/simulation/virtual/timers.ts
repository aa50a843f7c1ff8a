import type { Scheduled } from './clock.ts';
import { worldNow } from './world-clock.ts';

/** Node's timers over virtual time, as far as the product uses them. */

class VirtualTimer {
  readonly #delayMs: number;
  readonly #repeats: boolean;
  readonly #work: () => void;
  #scheduled: Scheduled;

  constructor(work: () => void, delayMs: number, repeats: boolean) {
    this.#work = work;
    this.#delayMs = Math.max(1, Math.floor(delayMs) || 1);
    this.#repeats = repeats;
    this.#scheduled = this.#schedule();
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  hasRef(): boolean {
    return true;
  }

  cancel(): void {
    this.#scheduled.cancelled = true;
  }

  [Symbol.dispose](): void {
    this.cancel();
  }

  #schedule(): Scheduled {
    return worldNow().clock.after(this.#delayMs, () => {
      // A paused process fires its timers late; one that was cleared meanwhile stays silent.
      if (this.#scheduled.cancelled) return;
      if (this.#repeats) this.#scheduled = this.#schedule();
      this.#work();
    });
  }
}

type Callback = (...values: unknown[]) => void;

function setTimer(work: Callback, delayMs = 1, ...values: unknown[]): VirtualTimer {
  return new VirtualTimer(() => work(...values), delayMs, false);
}

function setRepeating(work: Callback, delayMs = 1, ...values: unknown[]): VirtualTimer {
  return new VirtualTimer(() => work(...values), delayMs, true);
}

function setSoon(work: Callback, ...values: unknown[]): Scheduled {
  const scheduled: Scheduled = worldNow().clock.after(0, () => {
    if (!scheduled.cancelled) work(...values);
  });
  return scheduled;
}

function clear(timer: unknown): void {
  if (timer instanceof VirtualTimer) timer.cancel();
  else if (typeof timer === 'object' && timer !== null) (timer as Scheduled).cancelled = true;
}

export const timers = {
  setTimeout: setTimer,
  setInterval: setRepeating,
  setImmediate: setSoon,
  clearTimeout: clear,
  clearInterval: clear,
  clearImmediate: clear,
};

/** `node:timers/promises`. */
export const promised = {
  setTimeout: (delayMs = 1, value?: unknown, { signal }: { signal?: AbortSignal } = {}) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const timer = setTimer(() => {
        signal?.removeEventListener('abort', abort);
        resolve(value);
      }, delayMs);
      const abort = () => {
        timer.cancel();
        reject(signal?.reason);
      };
      signal?.addEventListener('abort', abort, { once: true });
    }),
  setImmediate: (value?: unknown) => new Promise((resolve) => setSoon(() => resolve(value))),
};
