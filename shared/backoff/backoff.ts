/** Exponential back-off with a cap. Durations are milliseconds. */
export interface BackoffPolicy {
  readonly initialMs: number;
  readonly factor: number;
  readonly maxMs: number;
  readonly jitter: 'full' | 'none';
}

/**
 * The wait after failure number `failures` (1 = the first): `random` × min(maxMs, initialMs × factor^(failures-1)) with full
 * jitter (Brooker, "Exponential Backoff and Jitter", AWS 2015), the cap itself without. `random` is in [0, 1).
 */
export function backoffMs(policy: BackoffPolicy, failures: number, random: number): number {
  const ceiling = Math.min(policy.maxMs, policy.initialMs * policy.factor ** (failures - 1));
  return Math.round(policy.jitter === 'full' ? random * ceiling : ceiling);
}
