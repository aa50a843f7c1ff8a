import { backoffMs } from '../../../shared/backoff/backoff.ts';
import type { StepPolicy } from '../../../shared/flow/kernel.ts';
import type { BreakerFacts } from './decision.ts';

/** Shortest wait for a breaker. */
const BREAKER_LOOK_MS = 500;

/** How the latest attempt of a step failed. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly retryable: boolean;
  readonly retryAfterMs?: number;
}

/** Where a step stands in its ladder of models. */
interface Standing {
  /** The latest attempt that was made, or that a wait was decided for; 0: none. */
  readonly attempt: number;
  /** 0: the step's own model; n: its nth fallback. */
  readonly rung: number;
  /** Failures of this model that count, before the latest. */
  readonly failures: number;
  /** How often this model was asked again for a better output. */
  readonly reasks: number;
}

/** The attempts of a step so far. */
export interface Attempts extends Standing {
  /** Where the step's own time ends; null: where the run's does. */
  readonly withinAtMs: number | null;
  readonly latest:
    | { readonly name: 'none' }
    | { readonly name: 'silent' }
    | { readonly name: 'failed'; readonly failure: Failure }
    /** The model at hand cannot be asked at all (never announced, its budget is spent, it would refuse the input). */
    | { readonly name: 'refused'; readonly failure: Failure }
    /** The wait before `attempt` was decided. */
    | { readonly name: 'waiting'; readonly untilMs: number; readonly lastCode: string };
}

export interface PolicyFacts {
  readonly nowMs: number;
  /** The run's. */
  readonly deadlineMs: number;
  /** In [0, 1). */
  readonly random: number;
  /** Whether the model of a rung may be called. */
  breaker(rung: number): BreakerFacts;
}

/** What a step does next. */
export type Next =
  | ({ readonly name: 'call'; readonly reask?: readonly string[] } & Standing)
  | ({ readonly name: 'wait'; readonly untilMs: number; readonly code: string } & Standing)
  /** Every breaker of the ladder is open; the first may be tried again then. */
  | ({ readonly name: 'wait_for_breaker'; readonly untilMs: number } & Standing)
  | { readonly name: 'give_up'; readonly code: string; readonly message: string };

/**
 * A step's policy. Of a failure comes, in this order:
 * 1. an output that breaks its schema is asked for again, with the problems, up to `reask` times;
 * 2. a failure that may pass is tried again after `retryAfterMs`, else after its back-off, as long as attempts and time are
 *    left; a wait that would end after the time does is not begun;
 * 3. the next model of the ladder whose breaker lets it through is called;
 * 4. with every breaker open, and nothing to answer instead, the step waits for the first to be tried again.
 * A drain (`shutting_down`) is tried again at once and counts no failure. No model helps against time that is over.
 */
export function next(policy: StepPolicy, attempts: Attempts, facts: PolicyFacts): Next {
  const { latest, attempt, rung, failures, reasks, withinAtMs } = attempts;
  const endAtMs = Math.min(facts.deadlineMs, withinAtMs ?? facts.deadlineMs);
  const course: Course = { policy, attempts, facts, endAtMs };
  const timeLeft = facts.nowMs < endAtMs;
  switch (latest.name) {
    case 'none':
      return timeLeft ? climb(course, 0, attempt + 1) : outOfTime(course);
    case 'silent':
      return outOfTime(course);
    case 'waiting': {
      const { untilMs, lastCode } = latest;
      if (!timeLeft) return giveUp(lastCode, 'The time for another attempt is over.');
      const standing = { attempt, rung, failures, reasks };
      if (facts.nowMs < untilMs) return { name: 'wait', ...standing, untilMs, code: lastCode };
      if (facts.breaker(rung).callable > 0) return { name: 'call', ...standing };
      return climb(course, rung + 1, attempt);
    }
    case 'refused':
      // No attempt was made.
      return timeLeft
        ? climb(course, rung + 1, attempt, latest.failure)
        : giveUp(latest.failure.code, latest.failure.message);
    case 'failed':
      return afterFailure(course, latest.failure);
  }
}

interface Course {
  readonly policy: StepPolicy;
  readonly attempts: Attempts;
  readonly facts: PolicyFacts;
  /** Where the time of the step ends. */
  readonly endAtMs: number;
}

function afterFailure(course: Course, failure: Failure): Next {
  const { policy, attempts, facts, endAtMs } = course;
  const { rung, reasks } = attempts;
  const attempt = attempts.attempt + 1;
  // A worker knows only the request's deadline; here it is known whose deadline that was.
  if (failure.code === 'deadline_exceeded') {
    const ownTime = attempts.withinAtMs !== null && attempts.withinAtMs < facts.deadlineMs;
    return ownTime ? outOfTime(course) : giveUp(failure.code, failure.message);
  }
  if (failure.code === 'output_invalid' && reasks < policy.reask && facts.nowMs < endAtMs) {
    const { failures } = attempts;
    const standing = { attempt, rung, failures, reasks: reasks + 1 };
    return { name: 'call', ...standing, reask: [failure.message] };
  }
  const drained = failure.code === 'shutting_down';
  const failures = attempts.failures + (drained ? 0 : 1);
  const named = policy.retry.on[failure.code];
  const retryable =
    drained ||
    ((named !== undefined || failure.retryable) && failures < (named ?? policy.retry.attempts));
  if (!retryable) return climb(course, rung + 1, attempt, failure);
  const backoff = drained ? 0 : backoffMs(policy.retry, failures, facts.random);
  const untilMs = facts.nowMs + (failure.retryAfterMs ?? backoff);
  if (untilMs >= endAtMs) return climb(course, rung + 1, attempt, failure);
  const standing = { attempt, rung, failures, reasks };
  if (untilMs > facts.nowMs) return { name: 'wait', ...standing, untilMs, code: failure.code };
  if (facts.breaker(rung).callable > 0) return { name: 'call', ...standing };
  // It may be tried again: as after a wait, an open breaker is no reason to give up.
  return climb({ ...course, attempts: { ...attempts, failures } }, rung + 1, attempt);
}

/** Calls the first model from this rung on whose breaker is not open. */
function climb(course: Course, from: number, attempt: number, failure?: Failure): Next {
  const { policy, facts, endAtMs } = course;
  const rungs = 1 + policy.fallback.length;
  if (facts.nowMs < endAtMs) {
    for (let rung = from; rung < rungs; rung += 1) {
      if (facts.breaker(rung).callable > 0) {
        return { name: 'call', attempt, rung, failures: 0, reasks: 0 };
      }
    }
  }
  if (failure !== undefined) return giveUp(failure.code, failure.message);
  return allOpen(course, attempt, rungs);
}

/** Nothing failed but the breakers: with nothing to answer instead, it is worth waiting. */
function allOpen(course: Course, attempt: number, rungs: number): Next {
  const { policy, attempts, facts, endAtMs } = course;
  const untilMs = Array.from({ length: rungs }, (_, rung) => facts.breaker(rung).untilMs);
  const [first, at] = untilMs.reduce(
    ([rung, best], each, index) => (each < best ? [index, each] : [rung, best]),
    [0, Infinity],
  );
  const insteads = policy.onOpen ?? policy.onFailure;
  // One that is about to be tried again may have no probe left for this step.
  const lookAtMs = Math.max(at, facts.nowMs + BREAKER_LOOK_MS);
  if (insteads === undefined && facts.nowMs < endAtMs) {
    const failures = first === attempts.rung ? attempts.failures : 0;
    const standing = { attempt, rung: first, failures, reasks: 0 };
    return { name: 'wait_for_breaker', ...standing, untilMs: Math.min(lookAtMs, endAtMs) };
  }
  return giveUp('breaker_open', 'Its model failed too often lately and is not called for a while.');
}

function outOfTime({ policy, attempts, facts }: Course): Next {
  if (attempts.withinAtMs !== null && attempts.withinAtMs < facts.deadlineMs) {
    return giveUp('within_exceeded', `No answer within ${policy.withinMs} ms.`);
  }
  return giveUp('deadline_exceeded', 'The deadline of the run has passed.');
}

function giveUp(code: string, message: string): Next {
  return { name: 'give_up', code, message };
}
