import type { Kernel, SequenceNode } from '../../../../shared/flow/kernel.ts';
import { type Draft, done, type NodeOutcome, open } from '../draft.ts';
import type { SequenceFrame } from '../run.ts';
import { requireRead, unlessUnread } from '../values.ts';
import { mismatch } from './mismatch.ts';
import { readAhead } from './read-ahead.ts';

export function startSequence(
  node: SequenceNode,
  indices: readonly number[],
  draft: Draft,
): NodeOutcome {
  return goOnAt(node, 0, indices, draft);
}

export function advanceSequence(
  node: SequenceNode,
  frame: SequenceFrame,
  indices: readonly number[],
  draft: Draft,
): NodeOutcome {
  const item = node.items[frame.at];
  if (item === undefined) throw mismatch(item, frame.child);
  const outcome = unlessUnread(() => draft.walk.advance(item, frame.child, indices, draft));
  if (outcome === undefined) {
    // Only what a node was told ends it; time alone will most likely not come to what is next.
    return lacksValues('path' in draft.event ? node.items.slice(frame.at + 1) : [], indices, draft);
  }
  if (outcome.type === 'failed') return outcome;
  if (outcome.type === 'done') return goOnAt(node, frame.at + 1, indices, draft);
  return open(outcome.frame === frame.child ? frame : { ...frame, child: outcome.frame });
}

function goOnAt(
  node: SequenceNode,
  first: number,
  indices: readonly number[],
  draft: Draft,
): NodeOutcome {
  for (const [at, item] of node.items.entries()) {
    if (at < first) continue;
    const outcome = unlessUnread(() => draft.walk.start(item, indices, draft));
    if (outcome === undefined) return lacksValues(node.items.slice(at + 1), indices, draft);
    if (outcome.type === 'failed') return outcome;
    if (outcome.type === 'open') return open({ kind: 'sequence', at, child: outcome.frame });
  }
  return done;
}

/** Gives up this decision, asking for what the nodes that come next read, too. */
function lacksValues(
  following: readonly Kernel[],
  indices: readonly number[],
  draft: Draft,
): NodeOutcome {
  readAhead(following, indices, draft);
  requireRead(draft);
  throw new Error('A value was said to be unread, but all are read.');
}
