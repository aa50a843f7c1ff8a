import type { Draft } from './draft.ts';
import { closedKeyOf } from './keys.ts';
import { type HeldCall, isHeld, isOpen, leavesIn, type OpenCall } from './open-calls.ts';
import type { Frame } from './run.ts';

/** Ends an open attempt without its reply. What it may still cost stays reserved until it answers after all. */
export function closeAttempt(
  { path, attempt, phase }: OpenCall,
  why: 'attempt_timed_out' | 'attempt_abandoned',
  draft: Draft,
): void {
  const { model, version, answerKey, placed } = phase;
  draft.closed.push(closedKeyOf(path, attempt, model));
  draft.history.push({ type: why, path, attempt });
  draft.commands.push({
    type: 'endAttempt',
    path,
    attempt,
    model,
    version,
    how: 'abandoned',
    ...(placed === undefined ? {} : { placed }),
  });
  if (answerKey !== undefined) draft.commands.push({ type: 'releaseAnswer', key: answerKey });
}

/** Ends whatever is under way under a frame: open attempts are closed, held ones never leave. */
export function closeCallsIn(
  frame: Frame,
  why: 'attempt_timed_out' | 'attempt_abandoned',
  draft: Draft,
): void {
  for (const leaf of leavesIn(frame)) {
    if (isOpen(leaf)) closeAttempt(leaf, why, draft);
    else if (isHeld(leaf) && leaf.phase.why === 'limit') dropHeld(leaf, draft);
  }
}

/** A call that was held back by a limit gives up its place. */
export function dropHeld({ path, attempt, phase }: HeldCall, draft: Draft): void {
  const { model = '', version = 0 } = phase;
  draft.commands.push({
    type: 'endAttempt',
    path,
    attempt,
    model,
    version,
    how: 'dropped',
    placed: true,
  });
}
