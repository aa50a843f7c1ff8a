import { z } from 'zod';
import { count, duration, errorCode, mapping, reference } from './definition-words.ts';

/**
 * What may be written of a model call that fails, as a schema. A part that is left out stays left out, so that a flow without
 * it keeps its digest; what that means is said in compile-policy.ts.
 */

const retry = z.strictObject({
  /** Executions in all, the first included. */
  attempts: count(100).default(3),
  initial: duration.default(1_000),
  factor: z.number().min(1).max(10).default(2),
  max: duration.default(60_000),
  jitter: z.enum(['full', 'none']).default('full'),
  /** Executions in all for failures of one code. */
  on: z.record(errorCode, count(100)).optional(),
});
export type RetryDefinition = z.infer<typeof retry>;

const share = z.number().min(0.01).max(1);
const breakerRules = z.strictObject({
  failureRate: share.default(0.5),
  /** Left out: no call is too slow. */
  slow: duration.optional(),
  slowRate: share.optional(),
  minCalls: count(10_000).default(20),
  window: duration.default(30_000),
  openFor: duration.default(15_000),
  probes: count(100).default(2),
});
export type BreakerRules = z.infer<typeof breakerRules>;
/** The breaker of a call whose flow says nothing of one. */
export const defaultBreaker: BreakerRules = breakerRules.parse({});

const rung = z.strictObject({ model: reference, input: mapping.optional() });
const fallback = z.union([
  reference,
  rung,
  z
    .array(z.union([reference, rung]))
    .min(1)
    .max(10),
]);
export type FallbackDefinition = z.infer<typeof fallback>;

const lastResort = z.strictObject({
  /** Oldest answer that may stand in. */
  stale: duration.optional(),
  default: mapping.optional(),
});
export type LastResortDefinition = z.infer<typeof lastResort>;

export const policy = {
  /** One execution. */
  timeout: duration.default(30_000),
  /** First dispatch to accepted reply; left out: what is left of the run's deadline. */
  within: duration.optional(),
  retry: retry.prefault({}),
  fallback: fallback.optional(),
  /** Left out: as true. */
  breaker: z.union([z.boolean(), breakerRules]).optional(),
  onOpen: lastResort.optional(),
  onFailure: lastResort.optional(),
  validate: z.strictObject({ reask: z.number().int().min(0).max(10) }).optional(),
  cache: duration.optional(),
  /** Ids or context keys that travel with the request; left out: the whole context (inside a map: none). */
  context: z.array(z.string().min(1).max(256)).max(100).optional(),
};

/** The same where what is left out is somebody else's. */
export const optionalPolicy = {
  ...policy,
  timeout: duration.optional(),
  retry: retry.optional(),
};

export const budget = z.strictObject({
  seconds: z.number().min(0.001).max(2_592_000).optional(),
  calls: count(1_000_000).optional(),
  tokens: count(1_000_000_000).optional(),
  usd: z.number().min(0.000_001).max(1_000_000).optional(),
  onExceeded: z
    .union([z.enum(['fail', 'pause']), z.strictObject({ model: reference })])
    .default('fail'),
});
export type BudgetDefinition = z.infer<typeof budget>;
