import type { BudgetAmounts } from '../../../shared/envelope/budget.ts';
import type { Usage } from '../../../shared/envelope/envelope.ts';
import type { Budget } from '../../../shared/flow/kernel.ts';
import type { Draft } from './draft.ts';
import { noUsage, plus } from './usage.ts';

/** What a call is expected to use where its model announced no estimate. */
export const oneCall: Usage = { ...noUsage, calls: 1 };

/** A flow's budget with what a job asks: the smaller amount of both holds. */
export function narrowed(
  flow: Budget | undefined,
  asked: BudgetAmounts | undefined,
): Budget | undefined {
  if (asked === undefined) return flow;
  const parts = ['calls', 'tokens', 'microUsd', 'computeMs'] as const;
  const smaller = parts.flatMap((part) => {
    const least = Math.min(flow?.[part] ?? Infinity, asked[part] ?? Infinity);
    return least === Infinity ? [] : [[part, least] as const];
  });
  return { ...Object.fromEntries(smaller), onExceeded: flow?.onExceeded ?? 'fail' };
}

/**
 * Whether a call of this estimate still fits. Spent is what was used and what attempts under way, or never answered, may still
 * use: parallel branches cannot spend the same money twice.
 */
export function fits(estimate: Usage, draft: Draft): boolean {
  if (draft.budget === undefined) return true;
  const reserved = Object.values(draft.reserved).reduce(plus, noUsage);
  return isWithin(draft.budget, plus(plus(draft.usage, reserved), estimate));
}

/** Sets aside what an attempt may use. */
export function reserve(attemptKey: string, estimate: Usage, draft: Draft): void {
  if (draft.budget === undefined) return;
  draft.reserved = { ...draft.reserved, [attemptKey]: estimate };
}

/** An attempt has answered: what it used is known now. */
export function settleReserved(attemptKey: string, draft: Draft): void {
  if (draft.reserved[attemptKey] === undefined) return;
  const { [attemptKey]: _, ...others } = draft.reserved;
  draft.reserved = others;
}

function isWithin(budget: Budget, used: Usage): boolean {
  const { calls = Infinity, tokens = Infinity, microUsd = Infinity, computeMs = Infinity } = budget;
  return (
    used.calls <= calls &&
    used.inputTokens + used.outputTokens <= tokens &&
    used.microUsd <= microUsd &&
    used.computeMs <= computeMs
  );
}
