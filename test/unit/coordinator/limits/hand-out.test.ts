import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type HandOutTerms, handOut } from '../../../../services/coordinator/limits/hand-out.ts';
import type { PlaceQueue, PlaceRow } from '../../../../services/coordinator/store/store.ts';
import type { JsonObject } from '../../../../shared/envelope/json.ts';
import { aPlace } from '../../../support/place-builder.ts';

const terms = (more: Partial<HandOutTerms> = {}): HandOutTerms => ({
  nowMs: 0,
  limits: {},
  places: Infinity,
  weightOf: () => 1,
  tokensOwed: 0,
  ...more,
});
const queue = (waiting: readonly PlaceRow[], more: Partial<PlaceQueue> = {}): PlaceQueue => ({
  waiting,
  taken: 0,
  meter: {},
  ...more,
});
const ids = (rows: readonly PlaceRow[]) => rows.map((row) => row.runId);
const many = (tenant: string, count: number, more: Partial<PlaceRow> = {}) =>
  Array.from({ length: count }, (_, n) => aPlace(tenant, n, more));

describe('a hand-out of places', () => {
  it('gives what is left of the places, and says whether some still wait', () => {
    const { granted, left, againAtMs } = handOut(
      queue(many('a', 5), { taken: 2 }),
      terms({ places: 4 }),
    );
    expect(ids(granted)).toEqual(['a-0', 'a-1']);
    expect([left, againAtMs]).toEqual([true, null]);
    expect(handOut(queue(many('a', 2)), terms())).toMatchObject({ left: false, againAtMs: null });
  });

  it('gives nothing when more are taken than there are', () => {
    const { granted } = handOut(queue(many('a', 1), { taken: 9 }), terms({ places: 4 }));
    expect(granted).toEqual([]);
  });

  it('takes the more urgent call of a tenant first, then the one that waits longer', () => {
    const waiting = [
      aPlace('a', 1, { priority: 0 }),
      aPlace('a', 3),
      aPlace('a', 2),
      aPlace('a', 4, { priority: 2 }),
    ];
    expect(ids(handOut(queue(waiting), terms()).granted)).toEqual(['a-4', 'a-2', 'a-3', 'a-1']);
  });

  it('takes turns between tenants, whoever has more calls or the more urgent ones', () => {
    const waiting = [...many('a', 4, { priority: 2 }), ...many('b', 2)];
    const granted = ids(handOut(queue(waiting), terms()).granted);
    expect(granted).toEqual(['a-0', 'b-0', 'a-1', 'b-1', 'a-2', 'a-3']);
  });

  it('gives a tenant of weight 2 twice as many', () => {
    const weightOf = (tenant: string) => (tenant === 'a' ? 2 : 1);
    const waiting = [...many('a', 30), ...many('b', 30)];
    const { granted } = handOut(queue(waiting), terms({ places: 30, weightOf }));
    expect(granted.filter(({ tenant }) => tenant === 'a')).toHaveLength(20);
  });

  it('remembers from one hand-out to the next who had a turn', () => {
    let meter: JsonObject = {};
    let waiting = [...many('a', 10), ...many('b', 10)];
    const turns: string[] = [];
    for (let n = 0; n < 6; n += 1) {
      const one = handOut(queue(waiting, { meter }), terms({ places: 1 }));
      meter = JSON.parse(JSON.stringify(one.meter));
      waiting = waiting.filter((row) => !one.granted.includes(row));
      turns.push(...one.granted.map((row) => row.tenant));
    }
    expect(turns.filter((tenant) => tenant === 'a')).toHaveLength(3);
  });

  it('lets nobody save up turns', () => {
    const alone = handOut(queue(many('a', 50)), terms());
    const waiting = [...many('a', 10), ...many('b', 10)];
    const both = handOut(queue(waiting, { meter: alone.meter }), terms({ places: 8 }));
    const ofB = both.granted.filter(({ tenant }) => tenant === 'b').length;
    expect(ofB).toBeGreaterThanOrEqual(4);
    expect(ofB).toBeLessThanOrEqual(5);
  });

  it('stops at the requests of a minute, and says when the next may leave', () => {
    const limits = { requestsPerMinute: 120 };
    const first = handOut(queue(many('a', 5)), terms({ limits }));
    expect(first.granted).toHaveLength(2);
    expect(first.againAtMs).toBe(505);
    const again = queue(many('a', 3), { meter: first.meter });
    expect(handOut(again, terms({ limits, nowMs: 504 })).granted).toEqual([]);
    expect(handOut(again, terms({ limits, nowMs: 505 })).granted).toHaveLength(1);
  });

  it('sets tokens aside, and settles them when the real usage is known', () => {
    const limits = { tokensPerMinute: 60_000 };
    const waiting = many('a', 3, { tokens: 500 });
    const first = handOut(queue(waiting), terms({ limits }));
    expect(first.granted).toHaveLength(2);
    const then = (tokensOwed: number) =>
      handOut(queue(many('b', 9, { tokens: 500 }), { meter: first.meter }), {
        ...terms({ limits, tokensOwed }),
      }).granted;
    expect(then(0)).toHaveLength(0);
    expect(then(-500)).toHaveLength(1);
    expect(then(5_000)).toHaveLength(0);
    // What is given back does not overflow.
    expect(then(-50_000)).toHaveLength(2);
  });
});

interface Flood {
  readonly places: number;
  readonly serviceMs: number;
  readonly share: number;
  readonly seed: number;
}

const SHOWN = 100;
const RATIO = 100;

/** Serves a flood and a modest tenant for a while; answers which share of its calls the modest one got served. */
function servedOfModest({ places, serviceMs, share, seed }: Flood): number {
  const capacity = places / serviceMs;
  const lines = new Map<string, PlaceRow[]>([
    ['flood', []],
    ['modest', []],
  ]);
  const leaveAt: number[] = [];
  let meter: JsonObject = {};
  let [asked, served] = [0, 0];
  const endMs = 30 * serviceMs;
  // What is asked at the very end has no time to be served, whoever asks.
  const lastAskMs = endMs - 4 * serviceMs;
  for (let nowMs = 0; nowMs < endMs; nowMs += 1) {
    const wanted = Math.floor(Math.min(nowMs, lastAskMs) * capacity * share);
    // In bursts, as a client that sends batches would.
    const modest = (nowMs + seed) % 7 === 0 ? wanted - asked : 0;
    for (let n = 0; n < modest; n += 1) lines.get('modest')?.push(aPlace('modest', asked++));
    const flood = Math.ceil(capacity * share * RATIO);
    for (let n = 0; n < flood; n += 1) lines.get('flood')?.push(aPlace('flood', nowMs));
    for (; leaveAt[0] !== undefined && leaveAt[0] <= nowMs; ) leaveAt.shift();
    const waiting = [...lines.values()].flatMap((line) => line.slice(0, SHOWN));
    const one = handOut(queue(waiting, { taken: leaveAt.length, meter }), terms({ places, nowMs }));
    meter = one.meter;
    for (const { tenant } of one.granted) {
      lines.get(tenant)?.shift();
      leaveAt.push(nowMs + serviceMs);
      if (tenant === 'modest') served += 1;
    }
  }
  return asked === 0 ? 1 : served / asked;
}

describe('a flood of one tenant, 100 calls to 1', () => {
  it('leaves at least 0.9 of their calls to another that asks for at most 0.4 of the capacity', () => {
    const floods = fc.record({
      places: fc.integer({ min: 2, max: 64 }),
      serviceMs: fc.integer({ min: 10, max: 100 }),
      share: fc.double({ min: 0.05, max: 0.4, noNaN: true }),
      seed: fc.integer({ min: 0, max: 6 }),
    });
    fc.assert(
      fc.property(floods, (flood) => {
        expect(servedOfModest(flood)).toBeGreaterThanOrEqual(0.9);
      }),
      { numRuns: 15 },
    );
  });
});
