import type { ChoiceNode } from '../../../../shared/flow/kernel.ts';
import { type Draft, done, failed, type NodeOutcome, open } from '../draft.ts';
import { type Evaluated, evaluateBoolean } from '../evaluate.ts';
import type { ChoiceFrame } from '../run.ts';
import { requireRead, unlessUnread } from '../values.ts';
import { mismatch } from './mismatch.ts';

export function startChoice(
  node: ChoiceNode,
  indices: readonly number[],
  draft: Draft,
): NodeOutcome {
  for (const [arm, { body }] of node.arms.entries()) {
    const holds = evaluateArm(node, arm, indices, draft);
    // Any arm may be the one: the values of the later ones are asked for in the same round.
    if (holds === undefined) continue;
    if (!holds.ok) return { type: 'failed', error: holds.error };
    if (!holds.value) continue;
    requireRead(draft);
    draft.history.push({ type: 'route_taken', facts: { where: node.where, arm } });
    const outcome = draft.walk.start(body, indices, draft);
    return outcome.type === 'open' ? open({ kind: 'choice', arm, child: outcome.frame }) : outcome;
  }
  requireRead(draft);
  if (node.otherwise === 'skip') return done;
  const message = `No branch of ${node.where} holds, and none is the default.`;
  return failed('no_route', message, node.where);
}

export function advanceChoice(
  node: ChoiceNode,
  frame: ChoiceFrame,
  indices: readonly number[],
  draft: Draft,
): NodeOutcome {
  const body = node.arms[frame.arm]?.body;
  if (body === undefined) throw mismatch(body, frame.child);
  const outcome = draft.walk.advance(body, frame.child, indices, draft);
  if (outcome.type !== 'open') return outcome;
  return open(outcome.frame === frame.child ? frame : { ...frame, child: outcome.frame });
}

/** Undefined while values are unread. */
function evaluateArm(
  node: ChoiceNode,
  arm: number,
  indices: readonly number[],
  draft: Draft,
): Evaluated<boolean> | undefined {
  const when = node.arms[arm]?.when;
  if (when === undefined) return { ok: true, value: true };
  const site = { step: `${node.where}[${arm}].when`, indices };
  return unlessUnread(() => evaluateBoolean(when, site, draft));
}
