import type { Course } from '../course.ts';
import type { RunEvent } from '../decision.ts';
import type { Draft } from '../draft.ts';
import { goOn } from './go-on.ts';

/** Lets a run go on that its budget stopped, with as much more as the operator gives it. */
export function onResumed(
  { budget }: RunEvent & { readonly type: 'resumed' },
  draft: Draft,
): Course {
  draft.history.push({
    type: 'run_resumed',
    ...(budget === undefined ? {} : { facts: { budget: { ...budget } } }),
  });
  if (budget !== undefined && draft.budget !== undefined) {
    draft.budget = { ...draft.budget, ...budget };
  }
  return goOn(draft);
}
