import type { BreakerFacts } from '../decision.ts';
import { type CallSite, rungOf } from './dispatch.ts';

const closed: BreakerFacts = { callable: Infinity, untilMs: 0 };

/** Whether the model of a rung may be called, less the calls that leave with this decision. */
export function breakerOf(site: CallSite, rung: number): BreakerFacts {
  const { breaker } = site.node.policy;
  const { facts, leaving } = site.draft;
  if (breaker === undefined || facts.breaker === undefined) return closed;
  const { model } = rungOf(site, rung);
  const known = facts.breaker(model, breaker);
  if (known.callable === Infinity) return known;
  return { ...known, callable: known.callable - (leaving.get(model) ?? 0) };
}
