import { type Course, stays } from '../course.ts';
import type { Draft } from '../draft.ts';
import { advance } from '../nodes/node.ts';
import { deadlineExceeded } from './deadline.ts';
import { onJobAccepted } from './job-accepted.ts';

/** Does what is due: the run's deadline before all else, then joins, then calls. */
export function onTimerDue(draft: Draft): Course {
  const { run, facts } = draft;
  if (run.status === 'pending') return onJobAccepted(draft);
  if (facts.nowMs >= run.deadlineMs) return deadlineExceeded(draft);
  if (run.state === null) return stays;
  return { name: 'goes_on', outcome: advance(facts.flow.body, run.state, [], draft) };
}
