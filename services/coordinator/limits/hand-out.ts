import type { JsonObject } from '../../../shared/envelope/json.ts';
import type { ModelLimits } from '../../../shared/envelope/manifest.ts';
import { WAITING_SHOWN } from '../store/bounds.ts';
import type { PlaceQueue, PlaceRow } from '../store/store.ts';
import { FairOrder, type Leads } from './fair-order.ts';
import { refilled, type TokenBucket, taken, waitMs } from './token-bucket.ts';

/** What a hand-out of places of one model goes by. */
export interface HandOutTerms {
  readonly nowMs: number;
  readonly limits: ModelLimits;
  /** Places in all: taken ones and those that may be given. */
  readonly places: number;
  weightOf(tenant: string): number;
  /** Tokens that calls of the past used beyond what was set aside for them (below zero: less). */
  readonly tokensOwed: number;
}

/** Who gets a place, and how it goes on. */
export interface HandedOut {
  readonly granted: readonly PlaceRow[];
  readonly meter: JsonObject;
  /** When a rate lets the next one through; null: time alone changes nothing. */
  readonly againAtMs: number | null;
  /** Some wait still, or may. */
  readonly left: boolean;
}

/** What is written down between two hand-outs. */
interface Meter {
  readonly requests?: TokenBucket;
  readonly tokens?: TokenBucket;
  readonly leads?: Leads;
}

/** Hands out places in fair order until there is none left or a rate is spent. Pure. */
export function handOut(queue: PlaceQueue, terms: HandOutTerms): HandedOut {
  const { nowMs, limits, tokensOwed } = terms;
  const { requestsPerMinute, tokensPerMinute } = limits;
  const meter = queue.meter as Meter;
  const order = new FairOrder(queue.waiting, meter.leads ?? {}, terms.weightOf);
  const rates = [
    rate(requestsPerMinute, meter.requests, nowMs, () => 1),
    rate(tokensPerMinute, meter.tokens, nowMs, ({ tokens }) => tokens),
  ] as const;
  rates[1]?.take(tokensOwed);
  const granted: PlaceRow[] = [];
  let againAtMs: number | null = null;
  while (queue.taken + granted.length < terms.places) {
    const next = order.peek();
    if (next === undefined) break;
    const waitsMs = Math.max(...rates.map((one) => one?.waitMs(next) ?? 0));
    if (waitsMs > 0) {
      againAtMs = nowMs + waitsMs;
      break;
    }
    for (const one of rates) one?.take(one.amountOf(next));
    order.take();
    granted.push(next);
  }
  const isPart = queue.waiting.length >= WAITING_SHOWN;
  // All that were seen have places, and there is room for those that were not.
  if (isPart && order.peek() === undefined) againAtMs = nowMs;
  return {
    granted,
    meter: meterOf(rates, order.leads),
    againAtMs,
    left: isPart || granted.length < queue.waiting.length,
  };
}

interface Rate {
  readonly bucket: TokenBucket;
  amountOf(row: PlaceRow): number;
  waitMs(row: PlaceRow): number;
  take(amount: number): void;
}

function rate(
  perMinute: number | undefined,
  before: TokenBucket | undefined,
  nowMs: number,
  amountOf: (row: PlaceRow) => number,
): Rate | undefined {
  if (perMinute === undefined) return undefined;
  let bucket = refilled(before, perMinute, nowMs);
  return {
    get bucket() {
      return bucket;
    },
    amountOf,
    waitMs: (row) => waitMs(bucket, perMinute, amountOf(row)),
    take(amount) {
      // Refilled once more: what is given back does not overflow it.
      bucket = refilled(taken(bucket, amount), perMinute, nowMs);
    },
  };
}

function meterOf(
  [requests, tokens]: readonly [Rate | undefined, Rate | undefined],
  leads: Leads,
): JsonObject {
  return {
    ...(requests === undefined ? {} : { requests: { ...requests.bucket } }),
    ...(tokens === undefined ? {} : { tokens: { ...tokens.bucket } }),
    leads: { ...leads },
  };
}
