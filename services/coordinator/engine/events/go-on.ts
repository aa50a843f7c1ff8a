import { type Course, stays } from '../course.ts';
import type { Draft } from '../draft.ts';
import { advance } from '../nodes/node.ts';

/** Hands the event to the open nodes of the flow; those it is about do what it says. */
export function goOn(draft: Draft): Course {
  const { run, facts } = draft;
  if (run.state === null) return stays;
  return { name: 'goes_on', outcome: advance(facts.flow.body, run.state, [], draft) };
}
