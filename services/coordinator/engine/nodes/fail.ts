import type { FailNode } from '../../../../shared/flow/kernel.ts';
import { type Draft, failed, type NodeOutcome } from '../draft.ts';
import { evaluate } from '../evaluate.ts';
import { keyOf } from '../keys.ts';

export function failHere(node: FailNode, indices: readonly number[], draft: Draft): NodeOutcome {
  const path = keyOf(node.path, indices);
  if (node.message === undefined) return failed(node.code, `The flow ends at ${path}.`, path);
  const message = evaluate(node.message, { step: path, indices }, draft);
  if (!message.ok) return { type: 'failed', error: message.error };
  const { value } = message;
  return failed(node.code, typeof value === 'string' ? value : JSON.stringify(value), path);
}
