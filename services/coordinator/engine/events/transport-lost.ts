import { type Course, stays } from '../course.ts';
import type { Draft } from '../draft.ts';
import { advance } from '../nodes/node.ts';

/** Every open attempt is published again. */
export function onTransportLost(draft: Draft): Course {
  const { run, facts } = draft;
  if (run.state === null) return stays;
  return { name: 'goes_on', outcome: advance(facts.flow.body, run.state, [], draft) };
}
