import { closeCallsIn } from '../close-calls.ts';
import { type Course, ends } from '../course.ts';
import type { Draft } from '../draft.ts';

export function onCancelled(reason: string, draft: Draft): Course {
  if (draft.run.state !== null) closeCallsIn(draft.run.state, 'attempt_abandoned', draft);
  return ends('cancelled', { code: 'cancelled', message: reason });
}
