import type { CallNode } from '../../../../shared/flow/kernel.ts';
import { closeAttempt, type Draft, done, type NodeOutcome, open } from '../draft.ts';
import { jitterOf } from '../jitter.ts';
import { keyOf } from '../keys.ts';
import { type Attempts, next } from '../policy.ts';
import type { CallFrame } from '../run.ts';
import { type CallSite, dispatch, publishAgain, type Step } from './dispatch.ts';
import { acceptOutput, failureOf } from './reply.ts';

/**
 * A run starts only when all its models were announced, so a model that is unknown here was heard by another coordinator
 * first. Its word is on its way: the call waits for it, at the cost of no attempt.
 */
const UNHEARD_MS = 1_000;

export function startCall(node: CallNode, indices: readonly number[], draft: Draft): NodeOutcome {
  const { nowMs } = draft.facts;
  const { withinMs } = node.policy;
  const step: Step = {
    path: keyOf(node.path, indices),
    attempt: 0,
    failures: 0,
    firstDispatchedAtMs: nowMs,
    withinAtMs: withinMs === undefined ? null : nowMs + withinMs,
  };
  return proceed({ node, indices, draft }, step, { name: 'none' });
}

export function advanceCall(
  node: CallNode,
  frame: CallFrame,
  indices: readonly number[],
  draft: Draft,
): NodeOutcome {
  const site: CallSite = { node, indices, draft };
  switch (draft.event.type) {
    case 'replyReceived': {
      const { outcome, output, patch } = draft.event;
      if (outcome.status === 'failed') {
        return proceed(site, frame, { name: 'failed', failure: failureOf(outcome) });
      }
      acceptOutput(site, frame, output, patch);
      return done;
    }
    case 'timerDue':
      return frame.phase.name === 'open'
        ? timeOpenAttempt(site, frame, frame.phase)
        : timeWait(site, frame, frame.phase);
    case 'transportLost':
      return frame.phase.name === 'open'
        ? publishAgain(site, frame, frame.phase, frame.phase.republished)
        : open(frame);
    default:
      return open(frame);
  }
}

function timeOpenAttempt(
  site: CallSite,
  frame: CallFrame,
  phase: CallFrame['phase'] & { name: 'open' },
): NodeOutcome {
  const { draft } = site;
  const { nowMs } = draft.facts;
  if (frame.withinAtMs !== null && nowMs >= frame.withinAtMs) {
    closeAttempt(frame, 'attempt_timed_out', draft);
    return proceed(site, frame, { name: 'silent' });
  }
  if (nowMs < phase.silentAtMs) return open(frame);
  return publishAgain(site, frame, phase, phase.republished + 1);
}

function timeWait(
  site: CallSite,
  frame: CallFrame,
  { retryAtMs, lastCode }: CallFrame['phase'] & { name: 'backoff' },
): NodeOutcome {
  const { nowMs } = site.draft.facts;
  if (nowMs < Math.min(retryAtMs, frame.withinAtMs ?? retryAtMs)) return open(frame);
  return proceed(site, frame, { name: 'waiting', untilMs: retryAtMs, lastCode });
}

/** Does what the step's policy says. */
function proceed(site: CallSite, step: Step, latest: Attempts['latest']): NodeOutcome {
  const { node, draft } = site;
  const { path, attempt, failures, firstDispatchedAtMs, withinAtMs } = step;
  const random = jitterOf(draft.run.id, path, attempt);
  const decided = next(
    node.policy,
    { attempt, failures, withinAtMs, latest },
    { nowMs: draft.facts.nowMs, deadlineMs: draft.run.deadlineMs, random },
  );
  if (decided.name === 'give_up') return giveUp(site, step, decided);
  const coming: Step = {
    path,
    attempt: decided.attempt,
    failures: decided.failures,
    firstDispatchedAtMs,
    withinAtMs,
  };
  if (decided.name === 'call') {
    return dispatch(site, coming) ?? waitFor(site, coming, UNHEARD_MS, 'model_unavailable');
  }
  const lastCode = latest.name === 'failed' ? latest.failure.code : '';
  return waitFor(site, coming, decided.untilMs - draft.facts.nowMs, lastCode);
}

function waitFor({ draft }: CallSite, coming: Step, waitMs: number, lastCode: string): NodeOutcome {
  const { path, attempt } = coming;
  const facts = { waitMs };
  draft.history.push({ type: 'retry_scheduled', path, attempt, code: lastCode, facts });
  const retryAtMs = draft.facts.nowMs + waitMs;
  return open({ kind: 'call', ...coming, phase: { name: 'backoff', retryAtMs, lastCode } });
}

function giveUp(
  { node, draft }: CallSite,
  { path, attempt }: Step,
  { code, message }: { readonly code: string; readonly message: string },
): NodeOutcome {
  if (code === 'deadline_exceeded') draft.outOfTime = true;
  if (node.tolerant) {
    draft.degraded.push(path);
    return done;
  }
  const error = { code, message, step: path };
  return { type: 'failed', error: attempt === 0 ? error : { ...error, attempt } };
}
