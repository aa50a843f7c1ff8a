import type { Kernel } from '../../../shared/flow/kernel.ts';
import { branchAt, branchHolding } from './nodes/branch.ts';
import type { CallFrame, Frame } from './run.ts';

/** The frame of the call with this path; undefined when no such call is open or waiting. */
export function findCall(
  node: Kernel | undefined,
  frame: Frame,
  path: string,
  indices: readonly number[] = [],
): CallFrame | undefined {
  if (frame.kind === 'wait') return undefined;
  if (frame.kind === 'call') return frame.path === path ? frame : undefined;
  if (frame.kind === 'sequence' && node?.kind === 'sequence') {
    return findCall(node.items[frame.at], frame.child, path, indices);
  }
  if (frame.kind === 'choice' && node?.kind === 'choice') {
    return findCall(node.arms[frame.arm]?.body, frame.child, path, indices);
  }
  if (frame.kind === 'scatter' && node?.kind === 'scatter') {
    const index = branchHolding(node, frame.active, path, indices);
    const child = index === undefined ? undefined : frame.active[index];
    if (index === undefined || child === undefined) return undefined;
    const { body, indices: own } = branchAt(node, index, indices);
    return findCall(body, child, path, own);
  }
  return undefined;
}
