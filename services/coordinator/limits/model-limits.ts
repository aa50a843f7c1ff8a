import type { ModelLimits } from '../../../shared/envelope/manifest.ts';

const SMALLEST_WINDOW = 64;
/** Requests in the queue for each call that its workers run at a time: enough that none of them ever waits for a coordinator. */
const QUEUED_PER_CALL = 4;

/** How many requests of a model may be in its queue and under way. */
export function windowOf(limits: ModelLimits, concurrency: number): number {
  return limits.window ?? Math.max(SMALLEST_WINDOW, QUEUED_PER_CALL * concurrency);
}

/** Whether a model has limits that hold over all coordinators and workers at any moment. */
export function isStrict({ inFlight, requestsPerMinute, tokensPerMinute }: ModelLimits): boolean {
  return (inFlight ?? requestsPerMinute ?? tokensPerMinute) !== undefined;
}
