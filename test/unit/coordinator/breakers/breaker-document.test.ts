import { describe, expect, it } from 'vitest';
import type { BreakerState } from '../../../../services/coordinator/breakers/breaker.ts';
import {
  mergedBreaker,
  type SharedBreaker,
} from '../../../../services/coordinator/breakers/breaker-document.ts';

const policy = {
  failureRate: 0.5,
  slowRate: 1,
  minCalls: 4,
  windowMs: 10_000,
  openMs: 5_000,
  probes: 2,
};
const shared = (state: BreakerState, more: Partial<SharedBreaker> = {}): SharedBreaker => ({
  state,
  windows: {},
  words: {},
  ...more,
});
const closed: BreakerState = { name: 'closed', round: 2, sinceMs: 0 };
const open: BreakerState = { name: 'open', round: 3, untilMs: 9_000 };
const probedBy = (by: string, heardMs: number): BreakerState => ({
  name: 'half_open',
  round: 4,
  by,
  heardMs,
});
const window = (atMs: number) => ({ atMs, buckets: {} });
const merge = (before: SharedBreaker | undefined, share: SharedBreaker, nowMs = 0) =>
  mergedBreaker(before, { ...share, policy }, nowMs);

describe('what coordinators share of a breaker', () => {
  it('is the later word, whoever wrote last', () => {
    expect(merge(undefined, shared(closed)).state).toBe(closed);
    expect(merge(shared(closed), shared(open)).state).toBe(open);
    const late = shared(closed, { windows: { two: window(0) } });
    expect(merge(shared(open), late)).toEqual(shared(open));
  });

  it('is of two that claim the probes the one that was faster', () => {
    expect(merge(shared(probedBy('one', 0)), shared(probedBy('two', 5))).state).toEqual(
      probedBy('one', 0),
    );
    expect(merge(shared(probedBy('one', 0)), shared(probedBy('one', 5))).state).toEqual(
      probedBy('one', 5),
    );
  });

  it('gathers what all have seen, and drops what is older than the window', () => {
    const before = shared(closed, { windows: { one: window(0), two: window(5_000) } });
    const after = merge(before, shared(closed, { windows: { three: window(12_000) } }), 12_000);
    expect(Object.keys(after.windows)).toEqual(['two', 'three']);
  });

  it('begins anew with each round', () => {
    const word = { name: 'succeeded', tookMs: 1 } as const;
    const before = shared(closed, { windows: { one: window(0) }, words: { a: word } });
    expect(merge(before, shared(open))).toEqual(shared(open));
  });
});
