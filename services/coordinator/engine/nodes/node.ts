import type { Kernel } from '../../../../shared/flow/kernel.ts';
import type { Draft, NodeOutcome } from '../draft.ts';
import type { Frame } from '../run.ts';
import { advanceCall, startCall } from './call.ts';
import { advanceChoice, startChoice } from './choice.ts';
import { failHere } from './fail.ts';
import { mismatch } from './mismatch.ts';
import { pick } from './pick.ts';
import { advanceScatter, startScatter } from './scatter.ts';
import { advanceSequence, startSequence } from './sequence.ts';
import { set } from './set.ts';
import { advanceWait, startWait } from './wait.ts';

/** Enters a node. `indices` are those of the enclosing `map` elements, outermost first. */
export function start(node: Kernel, indices: readonly number[], draft: Draft): NodeOutcome {
  switch (node.kind) {
    case 'call':
      return startCall(node, indices, draft);
    case 'set':
      return set(node, indices, draft);
    case 'pick':
      return pick(node, indices, draft);
    case 'fail':
      return failHere(node, indices, draft);
    case 'wait':
      return startWait(node, indices, draft);
    case 'sequence':
      return startSequence(node, indices, draft);
    case 'choice':
      return startChoice(node, indices, draft);
    case 'scatter':
      return startScatter(node, indices, draft);
  }
}

/** Tells an open node the event of this decision. A node that the event does not concern gives back the same frame. */
export function advance(
  node: Kernel,
  frame: Frame,
  indices: readonly number[],
  draft: Draft,
): NodeOutcome {
  if (node.kind === 'call' && frame.kind === 'call') {
    return advanceCall(node, frame, indices, draft);
  }
  if (node.kind === 'wait' && frame.kind === 'wait') {
    return advanceWait(node, frame, indices, draft);
  }
  if (node.kind === 'sequence' && frame.kind === 'sequence') {
    return advanceSequence(node, frame, indices, draft);
  }
  if (node.kind === 'choice' && frame.kind === 'choice') {
    return advanceChoice(node, frame, indices, draft);
  }
  if (node.kind === 'scatter' && frame.kind === 'scatter') {
    return advanceScatter(node, frame, indices, draft);
  }
  throw mismatch(node, frame);
}
