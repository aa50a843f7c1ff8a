import type { ModelFacts } from './decision.ts';

/** Added to every wait: transport, commit and clock differences explain that much silence on their own. */
const GRACE_MS = 30_000;
/** Doublings beyond this make no difference to any deadline, and would leave the safe integers. */
const MAX_DOUBLINGS = 16;

/**
 * How long an open attempt may stay silent before it is published again: what its place in the model's queue explains,
 * doubled each time it was already published again.
 */
export function silenceMs(
  model: ModelFacts | undefined,
  timeoutMs: number,
  republished: number,
): number {
  const rounds = (model?.openRequests ?? 0) / Math.max(1, model?.concurrency ?? 0) + 1;
  return Math.ceil(rounds * timeoutMs + GRACE_MS) * 2 ** Math.min(republished, MAX_DOUBLINGS);
}
