import type { Usage } from '../../../shared/envelope/envelope.ts';

export const noUsage: Usage = {
  calls: 0,
  inputTokens: 0,
  outputTokens: 0,
  microUsd: 0,
  computeMs: 0,
};

/** The sum; the same object when there is nothing to add. */
export function plus(sum: Usage, more: Usage | undefined): Usage {
  if (more === undefined) return sum;
  return {
    calls: sum.calls + more.calls,
    inputTokens: sum.inputTokens + more.inputTokens,
    outputTokens: sum.outputTokens + more.outputTokens,
    microUsd: sum.microUsd + more.microUsd,
    computeMs: sum.computeMs + more.computeMs,
  };
}
