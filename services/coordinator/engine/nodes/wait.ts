import type { WaitNode } from '../../../../shared/flow/kernel.ts';
import { type Draft, done, failed, type NodeOutcome, open } from '../draft.ts';
import { evaluate } from '../evaluate.ts';
import { keyOf } from '../keys.ts';
import type { WaitFrame } from '../run.ts';

export function startWait(node: WaitNode, indices: readonly number[], draft: Draft): NodeOutcome {
  const path = keyOf(node.path, indices);
  const { nowMs } = draft.facts;
  const ask = node.ask && evaluate(node.ask, { step: path, indices }, draft);
  if (ask && !ask.ok) return { type: 'failed', error: ask.error };
  draft.history.push({ type: 'wait_began', path, ...(ask ? { facts: { ask: ask.value } } : {}) });
  const untilMs = node.withinMs === undefined ? null : nowMs + node.withinMs;
  return open({ kind: 'wait', path, sinceMs: nowMs, untilMs });
}

export function advanceWait(
  node: WaitNode,
  frame: WaitFrame,
  indices: readonly number[],
  draft: Draft,
): NodeOutcome {
  const { event, facts } = draft;
  const { path, untilMs } = frame;
  if (event.type === 'signalled' && event.path === path) {
    const { by } = event;
    const [problem] = node.check(event.value);
    if (problem !== undefined) {
      const code = 'answer_invalid';
      draft.history.push({ type: 'signal_refused', path, code, message: problem, facts: { by } });
      return open(frame);
    }
    draft.written.set(path, event.value);
    draft.history.push({ type: 'signal_received', path, facts: { by } });
    return done;
  }
  if (event.type !== 'timerDue' || untilMs === null || facts.nowMs < untilMs) return open(frame);
  draft.history.push({ type: 'wait_expired', path });
  if (node.onTimeout === undefined) {
    return failed('wait_expired', `Nobody answered ${path} within ${node.withinMs} ms.`, path);
  }
  const value = evaluate(node.onTimeout, { step: path, indices }, draft);
  if (!value.ok) return { type: 'failed', error: value.error };
  draft.written.set(path, value.value);
  return done;
}
