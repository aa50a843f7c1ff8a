import { FleetError } from '../../shared/errors/errors.ts';
import { stopSignal } from '../../shared/lifecycle/signals.ts';

/** Somebody pressed Ctrl-C: exit code 130, and nothing to say. */
export class InterruptedError extends FleetError {
  constructor() {
    super('interrupted', 'Interrupted.');
  }
}

/** What has been started and must be closed in order. */
export interface Closing {
  /** Called once, last in first out; what it waits for is waited for. */
  add(close: () => Promise<void> | void): void;
}

/**
 * Does the work, then closes what it has added, whether it succeeded, failed or somebody pressed Ctrl-C; in that case it rejects
 * with InterruptedError without waiting for the work.
 */
export async function untilInterrupted<T>(work: (closing: Closing) => Promise<T>): Promise<T> {
  const closers: (() => Promise<void> | void)[] = [];
  const interrupted = stopSignal().then(() => {
    throw new InterruptedError();
  });
  const working = work({ add: (close) => closers.push(close) });
  // Closing what is still awaited rejects it, and nobody is left to hear that.
  working.catch(() => {});
  try {
    return await Promise.race([working, interrupted]);
  } finally {
    for (const close of closers.reverse()) await close();
  }
}
