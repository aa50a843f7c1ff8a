import { setTimeout as pause } from 'node:timers/promises';

export interface EventuallyOptions {
  /** Default 20 s: machines may be busy, and what holds soon costs nothing. */
  readonly timeoutMs?: number;
  /** Time between two checks. Default 10 ms. */
  readonly intervalMs?: number;
}

/**
 * Waits until a check holds: it returns (or resolves to) anything but `false`, and does not throw. Answers what it returned.
 * When the time is over, the last thing it threw is thrown, so that an assertion says what is still wrong.
 */
export async function eventually<T>(
  check: () => T | Promise<T>,
  { timeoutMs = 20_000, intervalMs = 10 }: EventuallyOptions = {},
): Promise<Exclude<T, false>> {
  const endMs = performance.now() + timeoutMs;
  for (;;) {
    const attempt = await outcomeOf(check);
    if ('value' in attempt && attempt.value !== false) return attempt.value as Exclude<T, false>;
    if (performance.now() >= endMs) {
      throw 'error' in attempt ? attempt.error : new Error(`Still false after ${timeoutMs} ms.`);
    }
    await pause(intervalMs);
  }
}

async function outcomeOf<T>(
  check: () => T | Promise<T>,
): Promise<{ value: T } | { error: unknown }> {
  try {
    return { value: await check() };
  } catch (error) {
    return { error };
  }
}
