import { type Course, ends, stays } from '../course.ts';
import type { Draft } from '../draft.ts';
import { start } from '../nodes/node.ts';
import { unannouncedModels } from '../unannounced.ts';
import { deadlineExceeded } from './deadline.ts';

/** Starts a run as soon as every model of its flow was announced at least once. */
export function onJobAccepted(draft: Draft): Course {
  const { run, facts } = draft;
  if (run.status !== 'pending') return stays;
  // A run has a due time from its first decision on.
  if (run.dueMs === null) draft.history.push({ type: 'run_accepted' });
  const unannounced = unannouncedModels(facts);
  if (facts.nowMs >= run.deadlineMs) {
    if (unannounced.length === 0) return deadlineExceeded(draft);
    const message = `No worker has ever announced ${unannounced.join(', ')}.`;
    return ends('failed', { code: 'model_unavailable', message });
  }
  if (unannounced.length > 0) return stays;
  draft.history.push({ type: 'run_started' });
  return { name: 'goes_on', outcome: start(facts.flow.body, [], draft) };
}
