import type { ModelCall } from './definition.ts';
import type { BudgetDefinition, LastResortDefinition } from './definition-policy.ts';
import { writtenDuration } from './duration.ts';

/** What is said of a call's ladder, each with a line of its own: `else general-chatbot`, `else a default`. */
export function ladderOf({
  fallback = [],
  onOpen,
  onFailure,
}: Pick<ModelCall, 'fallback' | 'onOpen' | 'onFailure'>): readonly string[] {
  const rungs = Array.isArray(fallback) ? fallback : [fallback];
  return [
    ...rungs.map((rung) => `else ${typeof rung === 'string' ? rung : rung.model}`),
    ...(onOpen === undefined ? [] : [`while not called: ${resortText(onOpen)}`]),
    ...(onFailure === undefined ? [] : [`else ${resortText(onFailure)}`]),
  ];
}

/** `at most 20 calls, 0.05 USD, then pause`. */
export function budgetText(budget: BudgetDefinition): string {
  const { seconds, calls, tokens, usd, onExceeded } = budget;
  const limits = [
    ...(calls === undefined ? [] : [`${calls} calls`]),
    ...(tokens === undefined ? [] : [`${tokens} tokens`]),
    ...(usd === undefined ? [] : [`${usd} USD`]),
    ...(seconds === undefined ? [] : [`${seconds} s of calls`]),
  ];
  const then = typeof onExceeded === 'string' ? onExceeded : `ask ${onExceeded.model}`;
  return `at most ${limits.join(', ')}, then ${then}`;
}

function resortText({ stale, default: value }: LastResortDefinition): string {
  return [
    ...(stale === undefined ? [] : [`an answer of the last ${writtenDuration(stale)}`]),
    ...(value === undefined ? [] : ['a default']),
  ].join(', else ');
}
