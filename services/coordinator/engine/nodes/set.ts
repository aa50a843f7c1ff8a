import type { SetNode } from '../../../../shared/flow/kernel.ts';
import { type Draft, done, type NodeOutcome } from '../draft.ts';
import { evaluate } from '../evaluate.ts';
import { keyOf } from '../keys.ts';

export function set(node: SetNode, indices: readonly number[], draft: Draft): NodeOutcome {
  const path = keyOf(node.path, indices);
  const value = evaluate(node.value, { step: path, indices }, draft);
  if (!value.ok) return { type: 'failed', error: value.error };
  draft.written.set(path, value.value);
  draft.history.push({ type: 'value_written', path });
  return done;
}
