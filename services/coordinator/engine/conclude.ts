import type { FinalStatus, RunError } from '../../../shared/envelope/envelope.ts';
import type { JsonValue } from '../../../shared/envelope/json.ts';
import type { Course } from './course.ts';
import type { Command } from './decision.ts';
import type { Draft, NodeOutcome } from './draft.ts';
import { dueMsOf } from './due.ts';
import { evaluate } from './evaluate.ts';
import { closedKeyOf, closes } from './keys.ts';
import type { Frame, Run } from './run.ts';

/** The run as the decision leaves it. Going into a final status publishes the result; nothing else does. */
export function conclude(draft: Draft, course: Course): Run {
  switch (course.name) {
    case 'stays':
      return { ...recorded(draft), dueMs: dueMsOfRun(draft.run, draft.run.state) };
    case 'ends':
      return finish(draft, course.status, course.error);
    case 'goes_on':
      return wentOn(draft, course.outcome);
  }
}

/** What the decision makes the shell do. A request that was opened and closed by one decision never leaves. */
export function commandsOf({ commands, closed }: Draft): readonly Command[] {
  if (closed.length === 0) return commands;
  const dropped = new Set(closed);
  return commands.filter((command) => {
    if (command.type !== 'dispatch') return true;
    const { path, attempt, model } = command;
    return !dropped.has(closedKeyOf(path, attempt, model));
  });
}

function wentOn(draft: Draft, outcome: NodeOutcome): Run {
  const { run, facts } = draft;
  switch (outcome.type) {
    case 'open': {
      const { frame } = outcome;
      const startedAtMs = run.startedAtMs ?? facts.nowMs;
      const dueMs = dueMsOfRun(run, frame);
      return { ...recorded(draft), status: 'running', startedAtMs, state: frame, dueMs };
    }
    case 'failed':
      return fail(draft, outcome.error);
    case 'done': {
      const site = { step: 'output', indices: [] };
      const output = evaluate(facts.flow.output, site, draft);
      if (!output.ok) return finish(draft, 'failed', output.error);
      return finish(draft, 'succeeded', null, output.value);
    }
  }
}

/** A step that found no time left is the run's time being over, even when the timer comes later and a join has its own word for it. */
function fail(draft: Draft, error: RunError): Run {
  const { run, facts, outOfTime } = draft;
  const code = 'deadline_exceeded';
  if (!outOfTime || facts.nowMs < run.deadlineMs) return finish(draft, 'failed', error);
  if (error.code === code) return finish(draft, 'timed_out', error);
  const message = `The deadline of the run has passed. ${error.message}`;
  return finish(draft, 'timed_out', { ...error, code, message });
}

function finish(
  draft: Draft,
  status: FinalStatus,
  error: RunError | null,
  payload: JsonValue = null,
): Run {
  const { run, facts } = draft;
  draft.commands.push({ type: 'publishResult', status, payload });
  draft.history.push({
    type: 'run_finished',
    ...(error === null ? {} : { code: error.code, message: error.message }),
    ...(error?.step === undefined ? {} : { path: error.step }),
    ...(error?.attempt === undefined ? {} : { attempt: error.attempt }),
    facts: { status },
  });
  const finishedAtMs = facts.nowMs;
  // A run that did its work within its first decision has started all the same.
  const began = draft.history.some(({ type }) => type === 'run_started');
  const startedAtMs = run.startedAtMs ?? (began ? finishedAtMs : null);
  return { ...recorded(draft), status, startedAtMs, finishedAtMs, state: null, error, dueMs: null };
}

/** The run with what the draft collected, whatever its course. */
function recorded(draft: Draft): Run {
  const { run, usage, steps, budget, reserved } = draft;
  return {
    ...run,
    closed: closedBy(draft),
    usage,
    steps,
    ...(budget === undefined ? {} : { budget, reserved }),
    degraded: sortedWith(run.degraded, draft.degraded),
    missing: sortedWith(run.missing, draft.missing),
  };
}

/** A late reply takes its attempt off the list: the next one is a duplicate. */
function closedBy({ run, event, history, closed }: Draft): readonly string[] {
  if (event.type === 'replyReceived' && history.some(({ type }) => type === 'reply_late')) {
    const { path, attempt } = event;
    return [...run.closed.filter((key) => !closes(key, path, attempt)), ...closed];
  }
  return closed.length === 0 ? run.closed : [...run.closed, ...closed];
}

/** Sorted, so that the order of replies does not show in the result. */
function sortedWith(before: readonly string[], added: readonly string[]): readonly string[] {
  return added.length === 0 ? before : [...before, ...added].sort();
}

function dueMsOfRun({ deadlineMs }: Run, state: Frame | null): number {
  return state === null ? deadlineMs : Math.min(deadlineMs, dueMsOf(state));
}
