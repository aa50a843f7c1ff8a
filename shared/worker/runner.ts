import type { ActiveCall } from './active-call.ts';
import type { AnyModel } from './model.ts';
import type { Semaphore } from './semaphore.ts';

/** A way to execute calls of one loaded model. */
export interface Runner {
  /**
   * Waits for a free slot, begins the call's time and runs the model. Rejects with what the model threw, or with the abort
   * reason as soon as the call is over, whether or not the model heeds its signal.
   */
  run(input: object, call: ActiveCall): Promise<unknown>;
  /** Releases what the model loaded; called once, when no call is left. */
  close(): Promise<void>;
}

/** Runs each call by itself, in this thread. */
export async function inlineRunner(model: AnyModel, slots: Semaphore): Promise<Runner> {
  const loaded = await model.load?.();
  return {
    async run(input, call) {
      if (!slots.tryAcquire()) await slots.acquire(call.signal);
      try {
        call.begin();
        return await Promise.race([model.run?.(input, call, loaded), call.over]);
      } finally {
        slots.release();
      }
    },
    async close() {
      await model.unload?.(loaded);
    },
  };
}
