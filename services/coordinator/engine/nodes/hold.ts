import { type NodeOutcome, open } from '../draft.ts';
import type { HeldPhase } from '../run.ts';
import type { CallSite, Step } from './dispatch.ts';

/** The first wait for an answer that another call is getting, and the longest. */
const FIRST_LOOK_MS = 50;
const LONGEST_LOOK_MS = 1_000;

/** Holds a call back. */
export function hold(
  { draft }: CallSite,
  step: Step,
  held: Omit<HeldPhase, 'name' | 'looks' | 'reask'> & {
    readonly looks?: number;
    readonly reask?: readonly string[] | undefined;
  },
): NodeOutcome {
  const { path, attempt } = step;
  const { reask, ...why } = held;
  const looks = held.looks ?? 0;
  if (looks === 0) {
    const facts = { why: why.why, ...(why.model === undefined ? {} : { model: why.model }) };
    draft.history.push({ type: 'attempt_held', path, attempt, facts });
  }
  const phase: HeldPhase = {
    ...why,
    name: 'held',
    looks,
    ...(reask === undefined ? {} : { reask }),
  };
  return open({ kind: 'call', ...step, phase });
}

/** Looks for a fallback that no worker has announced yet, with waits that double: half a minute in all, two announcements of a worker. */
const FIRST_UNHEARD_MS = 250;
const UNHEARD_LOOKS = 7;

/** Looks again after a while that doubles, and when whoever gets the answer should have it. */
export function waitForAnswer(
  site: CallSite,
  step: Step,
  untilMs: number,
  looks: number,
): NodeOutcome {
  const waitMs = Math.min(FIRST_LOOK_MS * 2 ** looks, LONGEST_LOOK_MS);
  const lookAtMs = Math.min(untilMs, site.draft.facts.nowMs + waitMs);
  return hold(site, step, { why: 'answer', lookAtMs, looks });
}

/**
 * Waits for a fallback that no worker has announced: in the first moments of a fleet it may be on its way, as a step's own model may be
 * before its run begins. Undefined: it has waited long enough, or its time is over.
 */
export function waitForFallback(
  site: CallSite,
  step: Step,
  model: string,
  looks: number,
): NodeOutcome | undefined {
  const { nowMs } = site.draft.facts;
  const endAtMs = Math.min(site.draft.run.deadlineMs, step.withinAtMs ?? Infinity);
  if (looks >= UNHEARD_LOOKS || nowMs >= endAtMs) return undefined;
  const lookAtMs = Math.min(endAtMs, nowMs + FIRST_UNHEARD_MS * 2 ** looks);
  return hold(site, step, { why: 'unheard', lookAtMs, looks, model });
}
