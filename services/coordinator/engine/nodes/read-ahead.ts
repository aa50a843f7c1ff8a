import type { Kernel } from '../../../../shared/flow/kernel.ts';
import type { Draft } from '../draft.ts';
import { keyOf } from '../keys.ts';
import { peek, peekContext, peekScope } from '../values.ts';

/**
 * Notes what the nodes that come next will read, up to the first that has to wait, so that a decision that lacks one value
 * asks for all it can foresee. Asking for a value too many is harmless.
 */
export function readAhead(
  items: readonly Kernel[],
  indices: readonly number[],
  draft: Draft,
): void {
  for (const item of items) {
    look(item, indices, draft);
    if (item.kind === 'call' || item.kind === 'scatter' || ends(item)) return;
  }
}

function ends({ kind }: Kernel): boolean {
  return kind === 'fail' || kind === 'wait';
}

function look(node: Kernel, indices: readonly number[], draft: Draft): void {
  switch (node.kind) {
    case 'call':
      peekScope(node.input.reads, indices, draft);
      peekContext(node.context, indices, draft);
      return;
    case 'set':
      peekScope(node.value.reads, indices, draft);
      return;
    case 'pick':
      for (const { output, score } of node.candidates) {
        peek(keyOf(output, indices), draft);
        if (score !== undefined) peek(keyOf(score, indices), draft);
      }
      return;
    case 'fail':
      if (node.message !== undefined) peekScope(node.message.reads, indices, draft);
      return;
    case 'wait':
      if (node.ask !== undefined) peekScope(node.ask.reads, indices, draft);
      return;
    case 'sequence':
      readAhead(node.items, indices, draft);
      return;
    case 'choice':
      for (const { when } of node.arms) {
        if (when !== undefined) peekScope(when.reads, indices, draft);
      }
      return;
    case 'scatter':
      if (node.over.kind === 'elements') {
        peekScope(node.over.list.reads, indices, draft);
        return;
      }
      for (const { body } of node.over.branches) readAhead(body.items, indices, draft);
  }
}
