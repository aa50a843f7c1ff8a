import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  refilled,
  type TokenBucket,
  taken,
  waitMs,
} from '../../../../services/coordinator/limits/token-bucket.ts';

describe('a token bucket', () => {
  it.each([
    // perMinute, taken at once, then the wait for the next one
    [1, 1, 60_000],
    [6, 1, 10_000],
    [60, 1, 1_000],
    [600, 10, 102],
    [6_000, 100, 11],
  ])('of %i a minute gives %i at once, and the next after %i ms', (perMinute, burst, nextMs) => {
    let bucket = refilled(undefined, perMinute, 0);
    let count = 0;
    for (; waitMs(bucket, perMinute, 1) === 0; count += 1) bucket = taken(bucket, 1);
    expect([count, waitMs(bucket, perMinute, 1)]).toEqual([burst, nextMs]);
    const later = refilled(bucket, perMinute, nextMs);
    expect(waitMs(later, perMinute, 1)).toBe(0);
  });

  it('lets through what is more than it holds when it is full, and makes the next one wait for it', () => {
    const bucket = taken(refilled(undefined, 600, 0), 100);
    expect(bucket.level).toBe(-90);
    expect(waitMs(bucket, 600, 1_000)).toBe(Math.ceil(100 / (591 / 60_000)));
  });

  it('is not filled by a clock that is behind', () => {
    const bucket = taken(refilled(undefined, 60, 5_000), 1);
    const behind = refilled(bucket, 60, 1_000);
    expect(behind).toEqual({ level: 0, atMs: 5_000 });
    expect(refilled(behind, 60, 5_500).level).toBeCloseTo(0.5);
  });

  it('takes over a limit that was changed', () => {
    expect(refilled({ level: 100, atMs: 0 }, 60, 0).level).toBe(1);
  });

  it('never gives more than its limit in any minute, and nearly all of it when asked without end', () => {
    const steps = fc.array(fc.integer({ min: 0, max: 3_000 }), { minLength: 50, maxLength: 400 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3_000 }), steps, (perMinute, waitsMs) => {
        let nowMs = 0;
        let bucket: TokenBucket | undefined;
        const times: number[] = [];
        for (const wait of waitsMs) {
          nowMs += wait;
          bucket = refilled(bucket, perMinute, nowMs);
          while (waitMs(bucket, perMinute, 1) === 0) {
            bucket = taken(bucket, 1);
            times.push(nowMs);
          }
        }
        times.forEach((at, index) => {
          const next = times[index + perMinute];
          if (next !== undefined) expect(next - at).toBeGreaterThanOrEqual(60_000);
        });
      }),
      { numRuns: 200 },
    );
  });

  it.each([1, 7, 60, 1_000])(
    'gives at least 0.98 of %i a minute to who always waits for it',
    (n) => {
      let nowMs = 0;
      let bucket = refilled(undefined, n, 0);
      let given = 0;
      for (; nowMs < 600_000; nowMs += waitMs(bucket, n, 1)) {
        bucket = taken(refilled(bucket, n, nowMs), 1);
        given += 1;
      }
      expect(given).toBeGreaterThanOrEqual(0.98 * n * 10 - 1);
    },
  );
});
