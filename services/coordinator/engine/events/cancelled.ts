import { type Course, ends } from '../course.ts';
import { closeAttempt, type Draft } from '../draft.ts';
import { openCalls } from '../open-calls.ts';

export function onCancelled(reason: string, draft: Draft): Course {
  for (const call of openCalls(draft.run)) closeAttempt(call, 'attempt_abandoned', draft);
  return ends('cancelled', { code: 'cancelled', message: reason });
}
