/** A rate limit as it stands: what may be taken at `atMs`. Below zero: taken in advance. */
export interface TokenBucket {
  readonly level: number;
  readonly atMs: number;
}

const MINUTE_MS = 60_000;
/** A level is a sum of small fractions: that far from a whole number it is one. */
const ROUNDING = 1e-9;

/**
 * How a limit per minute is kept in every minute, not only from one full minute to the next: at most one second's worth is
 * taken at once, and so much less flows in that both together stay within the limit.
 */
function flowOf(perMinute: number): { readonly capacity: number; readonly perMs: number } {
  const capacity = Math.max(1, Math.floor(perMinute / 60));
  return { capacity, perMs: (perMinute - capacity + 1) / MINUTE_MS };
}

/** The bucket at `nowMs`; one that was never used is full. A clock that is behind adds nothing. */
export function refilled(
  bucket: TokenBucket | undefined,
  perMinute: number,
  nowMs: number,
): TokenBucket {
  const { capacity, perMs } = flowOf(perMinute);
  if (bucket === undefined) return { level: capacity, atMs: nowMs };
  const passedMs = Math.max(0, nowMs - bucket.atMs);
  const level = Math.min(capacity, bucket.level + passedMs * perMs);
  return { level, atMs: bucket.atMs + passedMs };
}

/**
 * How long until `amount` may be taken; 0: now. What is more than the bucket ever holds may be taken when it is full, and is
 * owed then.
 */
export function waitMs(bucket: TokenBucket, perMinute: number, amount: number): number {
  const { capacity, perMs } = flowOf(perMinute);
  const missing = Math.min(amount, capacity) - bucket.level;
  return missing <= ROUNDING ? 0 : Math.ceil(missing / perMs);
}

export function taken({ level, atMs }: TokenBucket, amount: number): TokenBucket {
  return { level: level - amount, atMs };
}
