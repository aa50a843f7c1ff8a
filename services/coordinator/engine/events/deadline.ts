import { closeCallsIn } from '../close-calls.ts';
import { type Course, ends } from '../course.ts';
import type { Draft } from '../draft.ts';
import { openCalls } from '../open-calls.ts';

/** More names than this help nobody in a sentence. */
const NAMES_IN_A_MESSAGE = 5;

/** Ends a run whose time is over, and says what it was waiting for. */
export function deadlineExceeded(draft: Draft): Course {
  const calls = openCalls(draft.run);
  if (draft.run.state !== null) closeCallsIn(draft.run.state, 'attempt_timed_out', draft);
  const [first] = calls;
  const code = 'deadline_exceeded';
  if (first === undefined) {
    return ends('timed_out', { code, message: 'The deadline of the run has passed.' });
  }
  const names = calls.slice(0, NAMES_IN_A_MESSAGE).map((call) => call.path);
  const more = calls.length - names.length;
  const waiting = `${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
  const message = `The deadline of the run has passed before an answer from ${waiting}.`;
  return ends('timed_out', { code, message, step: first.path, attempt: first.attempt });
}
