import type { Compilation } from './compilation.ts';
import type { BudgetDefinition } from './definition-policy.ts';
import type { Budget } from './kernel.ts';
import { readReference } from './reference.ts';

/** What each run of a flow may use. */
export function compileBudget(
  { seconds, calls, tokens, usd, onExceeded }: BudgetDefinition,
  compilation: Compilation,
): Budget {
  if ([seconds, calls, tokens, usd].every((limit) => limit === undefined)) {
    const message = 'A budget limits something: seconds, calls, tokens or usd.';
    compilation.find('budget', 'budget_empty', message);
  }
  return {
    ...(calls === undefined ? {} : { calls }),
    ...(tokens === undefined ? {} : { tokens }),
    ...(usd === undefined ? {} : { microUsd: Math.round(usd * 1_000_000) }),
    ...(seconds === undefined ? {} : { computeMs: Math.round(seconds * 1_000) }),
    onExceeded: typeof onExceeded === 'string' ? onExceeded : cheaperModel(onExceeded.model),
  };
}

function cheaperModel(reference: string): Exclude<Budget['onExceeded'], string> {
  const { name: model, version } = readReference(reference);
  return version === undefined ? { model } : { model, version };
}
