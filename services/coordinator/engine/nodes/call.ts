import type { CallNode } from '../../../../shared/flow/kernel.ts';
import { closeAttempt, dropHeld } from '../close-calls.ts';
import { type Draft, done, type NodeOutcome, open } from '../draft.ts';
import { jitterOf } from '../jitter.ts';
import { keyOf } from '../keys.ts';
import { type Attempts, type Next, next } from '../policy.ts';
import type { BackoffPhase, CallFrame, HeldPhase, OpenPhase } from '../run.ts';
import { type Asked, ask } from './ask.ts';
import { breakerOf } from './breaker.ts';
import { type CallSite, publishAgain, rungOf, type Step, stillExplained } from './dispatch.ts';
import { hold, waitForFallback } from './hold.ts';
import { acceptReply } from './reply.ts';
import { reuse } from './reuse.ts';
import { spent } from './spent.ts';

export function startCall(node: CallNode, indices: readonly number[], draft: Draft): NodeOutcome {
  const { nowMs } = draft.facts;
  const { withinMs } = node.policy;
  const site: CallSite = { node, indices, draft };
  const path = keyOf(node.path, indices);
  if (reuse(site, path)) return done;
  const step: Step = {
    path,
    attempt: 0,
    failures: 0,
    rung: 0,
    reasks: 0,
    firstDispatchedAtMs: nowMs,
    withinAtMs: withinMs === undefined ? null : nowMs + withinMs,
  };
  return proceed(site, step, { name: 'none' });
}

export function advanceCall(
  node: CallNode,
  frame: CallFrame,
  indices: readonly number[],
  draft: Draft,
): NodeOutcome {
  const site: CallSite = { node, indices, draft };
  const { event } = draft;
  const { phase } = frame;
  switch (event.type) {
    case 'replyReceived': {
      if (phase.name !== 'open') return open(frame);
      const failure = acceptReply(site, frame, phase, event);
      return failure === undefined ? done : proceed(site, frame, { name: 'failed', failure });
    }
    case 'timerDue':
      if (phase.name === 'open') return timeOpenAttempt(site, frame, phase);
      return phase.name === 'backoff' ? timeWait(site, frame, phase) : timeHeld(site, frame, phase);
    case 'slotGranted':
      if (event.path !== frame.path || event.attempt !== frame.attempt) return open(frame);
      return phase.name === 'held' && phase.why === 'limit'
        ? askAgain(site, frame, phase)
        : open(frame);
    case 'resumed':
      return phase.name === 'held' && phase.why === 'budget'
        ? askAgain(site, frame, phase)
        : open(frame);
    case 'transportLost':
      return phase.name === 'open'
        ? publishAgain(site, frame, phase, phase.republished)
        : open(frame);
    default:
      return open(frame);
  }
}

function timeOpenAttempt(site: CallSite, frame: CallFrame, phase: OpenPhase): NodeOutcome {
  const { draft } = site;
  const { nowMs } = draft.facts;
  if (frame.withinAtMs !== null && nowMs >= frame.withinAtMs) {
    closeAttempt({ ...frame, phase }, 'attempt_timed_out', draft);
    return proceed(site, frame, { name: 'silent' });
  }
  if (nowMs < phase.silentAtMs) return open(frame);
  // It waits in the queue of a model that is paused: that explains any silence.
  if (draft.facts.model(phase.model)?.paused === true) {
    return open({ ...frame, phase: stillExplained(site, phase) });
  }
  return publishAgain(site, frame, phase, phase.republished + 1);
}

function timeWait(
  site: CallSite,
  frame: CallFrame,
  { retryAtMs, lastCode }: BackoffPhase,
): NodeOutcome {
  const { nowMs } = site.draft.facts;
  if (nowMs < Math.min(retryAtMs, frame.withinAtMs ?? retryAtMs)) return open(frame);
  return proceed(site, frame, { name: 'waiting', untilMs: retryAtMs, lastCode });
}

function timeHeld(site: CallSite, frame: CallFrame, phase: HeldPhase): NodeOutcome {
  const { nowMs } = site.draft.facts;
  if (frame.withinAtMs !== null && nowMs >= frame.withinAtMs) {
    if (phase.why === 'limit') dropHeld({ ...frame, phase }, site.draft);
    return proceed(site, frame, { name: 'silent' });
  }
  if (phase.lookAtMs === null || nowMs < phase.lookAtMs) return open(frame);
  if (phase.why === 'breaker') {
    const { lookAtMs: untilMs } = phase;
    return proceed(site, frame, { name: 'waiting', untilMs, lastCode: 'breaker_open' });
  }
  return askAgain(site, frame, phase);
}

/** A call that was held back asks for what it was held back from. */
function askAgain(site: CallSite, frame: CallFrame, phase: HeldPhase): NodeOutcome {
  const { kind: _, phase: __, ...step } = frame;
  const granted = phase.why === 'limit';
  const looks = phase.looks + 1;
  if (phase.why !== 'answer' && breakerOf(site, frame.rung).callable <= 0) {
    if (granted) dropHeld({ ...frame, phase }, site.draft);
    const { nowMs: untilMs } = site.draft.facts;
    return proceed(site, step, { name: 'waiting', untilMs, lastCode: 'breaker_open' });
  }
  const asked = ask(site, step, { reask: phase.reask, granted, looks });
  // It was given a place in a queue and has no use for it.
  if (granted && !hasLeft(asked)) dropHeld({ ...frame, phase }, site.draft);
  if (asked.name === 'asked') return asked.outcome;
  const unheard = phase.why === 'unheard' ? { step, looks } : undefined;
  return proceed(site, step, { name: 'refused', failure: asked.failure }, unheard);
}

function hasLeft(asked: Asked): boolean {
  if (asked.name === 'refused' || asked.outcome.type !== 'open') return false;
  const { frame } = asked.outcome;
  return frame.kind === 'call' && frame.phase.name === 'open';
}

/** A fallback that was refused because no worker of it was ever heard, and how often it was looked for. */
interface Unheard {
  readonly step: Step;
  readonly looks: number;
}

/** Does what the step's policy says, until something is asked, waited for, or given up. */
function proceed(
  site: CallSite,
  from: Step,
  because: Attempts['latest'],
  awaited?: Unheard,
): NodeOutcome {
  let step = from;
  let latest = because;
  let unheard = awaited;
  for (;;) {
    const decided = decideNext(site, step, latest);
    if (decided.name === 'give_up') {
      return awaitUnheard(site, unheard) ?? spent(site, step, decided);
    }
    const coming = comingStep(step, decided, latest);
    if (decided.name === 'wait') return waitFor(site, coming, decided);
    if (decided.name === 'wait_for_breaker') {
      return hold(site, coming, { why: 'breaker', lookAtMs: decided.untilMs });
    }
    noteMove(site, step, coming, decided);
    const asked = ask(site, coming, { reask: decided.reask });
    if (asked.name === 'asked') return asked.outcome;
    const { code, message } = asked.failure;
    const { path, attempt } = coming;
    site.draft.history.push({ type: 'attempt_refused', path, attempt, code, message });
    // The first of them: those behind it are looked for with it.
    if (code === 'model_unavailable' && coming.rung > 0) unheard ??= { step: coming, looks: 0 };
    step = coming;
    latest = { name: 'refused', failure: asked.failure };
  }
}

/** With nothing else left, and nothing to answer instead, a fallback that may be on its way is waited for. */
function awaitUnheard(site: CallSite, unheard: Unheard | undefined): NodeOutcome | undefined {
  if (unheard === undefined || site.node.policy.onFailure !== undefined) return undefined;
  const { step, looks } = unheard;
  return waitForFallback(site, step, rungOf(site, step.rung).model, looks);
}

function decideNext(site: CallSite, step: Step, latest: Attempts['latest']): Next {
  const { node, draft } = site;
  const { nowMs } = draft.facts;
  return next(
    node.policy,
    { ...step, latest },
    {
      nowMs,
      deadlineMs: draft.run.deadlineMs,
      random: jitterOf(draft.run.id, step.path, step.attempt),
      breaker: (rung) => breakerOf(site, rung),
    },
  );
}

function comingStep(
  step: Step,
  { attempt, rung, failures, reasks }: Exclude<Next, { name: 'give_up' }>,
  latest: Attempts['latest'],
): Step {
  const { path, firstDispatchedAtMs, withinAtMs } = step;
  const fellFor = rung === 0 ? undefined : (step.fellFor ?? codeOf(latest));
  return {
    path,
    attempt,
    failures,
    rung,
    reasks,
    ...(fellFor === undefined ? {} : { fellFor }),
    firstDispatchedAtMs,
    withinAtMs,
  };
}

function codeOf(latest: Attempts['latest']): string {
  if (latest.name === 'failed' || latest.name === 'refused') return latest.failure.code;
  return 'breaker_open';
}

/** Writes down that another model is asked, or the same one again for a better output. */
function noteMove(
  site: CallSite,
  step: Step,
  coming: Step,
  { reask }: Next & { name: 'call' },
): void {
  const { path, attempt, rung } = coming;
  const { history } = site.draft;
  if (reask !== undefined) history.push({ type: 'reask_sent', path, attempt });
  if (rung <= step.rung) return;
  const { model } = rungOf(site, rung);
  const code = coming.fellFor ?? '';
  history.push({ type: 'fallback_taken', path, attempt, code, facts: { model } });
}

function waitFor(
  { draft }: CallSite,
  coming: Step,
  { untilMs, code }: { readonly untilMs: number; readonly code: string },
): NodeOutcome {
  const { path, attempt } = coming;
  const facts = { waitMs: untilMs - draft.facts.nowMs };
  draft.history.push({ type: 'retry_scheduled', path, attempt, code, facts });
  const phase = { name: 'backoff', retryAtMs: untilMs, lastCode: code } as const;
  return open({ kind: 'call', ...coming, phase });
}
