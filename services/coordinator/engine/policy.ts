import { backoffMs } from '../../../shared/backoff/backoff.ts';
import type { StepPolicy } from '../../../shared/flow/kernel.ts';

/** How the latest attempt of a step failed. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly retryable: boolean;
  readonly retryAfterMs?: number;
}

/** The attempts of a step so far. */
export interface Attempts {
  /** The latest attempt that was made, or that a wait was decided for; 0: none. */
  readonly attempt: number;
  /** Failures that count, before the latest. */
  readonly failures: number;
  /** Where the step's own time ends; null: where the run's does. */
  readonly withinAtMs: number | null;
  readonly latest:
    | { readonly name: 'none' }
    | { readonly name: 'silent' }
    | { readonly name: 'failed'; readonly failure: Failure }
    /** The wait before `attempt` was decided. */
    | { readonly name: 'waiting'; readonly untilMs: number; readonly lastCode: string };
}

export interface PolicyFacts {
  readonly nowMs: number;
  /** The run's. */
  readonly deadlineMs: number;
  /** In [0, 1). */
  readonly random: number;
}

/** What a step does next. */
export type Next =
  | { readonly name: 'call'; readonly attempt: number; readonly failures: number }
  | {
      readonly name: 'wait';
      readonly attempt: number;
      readonly failures: number;
      readonly untilMs: number;
    }
  | { readonly name: 'give_up'; readonly code: string; readonly message: string };

/**
 * A step's policy. A failure that may pass is tried again after `retryAfterMs`, else after its back-off, as long as attempts
 * and time are left; a wait that would end after the time does is not begun. A drain (`shutting_down`) is tried again at once
 * and counts no failure.
 */
export function next(policy: StepPolicy, attempts: Attempts, facts: PolicyFacts): Next {
  const { latest, attempt, withinAtMs } = attempts;
  const endAtMs = Math.min(facts.deadlineMs, withinAtMs ?? facts.deadlineMs);
  const timeLeft = facts.nowMs < endAtMs;
  switch (latest.name) {
    case 'none':
      if (!timeLeft) return outOfTime(policy, attempts, facts);
      return { name: 'call', attempt: attempt + 1, failures: attempts.failures };
    case 'silent':
      return outOfTime(policy, attempts, facts);
    case 'waiting': {
      const { untilMs, lastCode } = latest;
      const { failures } = attempts;
      if (!timeLeft) return giveUp(lastCode, 'The time for another attempt is over.');
      if (facts.nowMs >= untilMs) return { name: 'call', attempt, failures };
      return { name: 'wait', attempt, failures, untilMs };
    }
    case 'failed':
      return afterFailure(policy, attempts, latest.failure, { ...facts, endAtMs });
  }
}

function afterFailure(
  policy: StepPolicy,
  attempts: Attempts,
  failure: Failure,
  facts: PolicyFacts & { readonly endAtMs: number },
): Next {
  const attempt = attempts.attempt + 1;
  const drained = failure.code === 'shutting_down';
  const failures = attempts.failures + (drained ? 0 : 1);
  // A worker knows only the request's deadline; here it is known whose deadline that was.
  const ownTime = attempts.withinAtMs !== null && attempts.withinAtMs < facts.deadlineMs;
  if (failure.code === 'deadline_exceeded' && ownTime) return outOfTime(policy, attempts, facts);
  const retryable = drained || (failure.retryable && failures < policy.retry.attempts);
  if (!retryable) return giveUp(failure.code, failure.message);
  const backoff = drained ? 0 : backoffMs(policy.retry, failures, facts.random);
  const untilMs = facts.nowMs + (failure.retryAfterMs ?? backoff);
  if (untilMs >= facts.endAtMs) return giveUp(failure.code, failure.message);
  if (untilMs <= facts.nowMs) return { name: 'call', attempt, failures };
  return { name: 'wait', attempt, failures, untilMs };
}

function outOfTime(policy: StepPolicy, attempts: Attempts, facts: PolicyFacts): Next {
  if (attempts.withinAtMs !== null && attempts.withinAtMs < facts.deadlineMs) {
    return giveUp('within_exceeded', `No answer within ${policy.withinMs} ms.`);
  }
  return giveUp('deadline_exceeded', 'The deadline of the run has passed.');
}

function giveUp(code: string, message: string): Next {
  return { name: 'give_up', code, message };
}
