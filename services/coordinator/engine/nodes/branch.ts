import type { KeyTemplate, ScatterNode, SequenceNode } from '../../../../shared/flow/kernel.ts';
import { keyOf } from '../keys.ts';
import type { Frame } from '../run.ts';

/** One branch of a scatter, by its index. */
export interface BranchSite {
  /** As results and messages name it. */
  readonly id: string;
  /** As expressions see it: an element's index is a number. */
  readonly label: string | number;
  readonly body: SequenceNode;
  readonly output: readonly KeyTemplate[];
  readonly patchKey: string;
  readonly indices: readonly number[];
}

export function branchAt(node: ScatterNode, index: number, indices: readonly number[]): BranchSite {
  const { over } = node;
  if (over.kind === 'elements') {
    const { body, output, patchKey } = over.branch;
    const own = [...indices, index];
    return {
      id: String(index),
      label: index,
      body,
      output,
      patchKey: keyOf(patchKey, own),
      indices: own,
    };
  }
  const branch = over.branches[index];
  if (branch === undefined) throw new Error(`${node.path} has no branch ${index}.`);
  const { id, body, output, patchKey } = branch;
  return { id, label: id, body, output, patchKey: keyOf(patchKey, indices), indices };
}

/** True when the call, or the wait, of this path is under the frame. */
function holds(frame: Frame, path: string): boolean {
  switch (frame.kind) {
    case 'call':
    case 'wait':
      return frame.path === path;
    case 'sequence':
    case 'choice':
      return holds(frame.child, path);
    case 'scatter':
      return Object.values(frame.active).some((child) => holds(child, path));
  }
}

/** Index of the active branch that holds the call or wait of this path; the one its path names is tried before all others. */
export function branchHolding(
  node: ScatterNode,
  active: Readonly<Record<string, Frame>>,
  path: string,
  indices: readonly number[],
): number | undefined {
  const named = branchNamed(node, path, indices);
  const frame = named === undefined ? undefined : active[named];
  if (frame !== undefined && holds(frame, path)) return named;
  const found = Object.entries(active).find(([, child]) => holds(child, path));
  return found === undefined ? undefined : Number(found[0]);
}

function branchNamed(
  node: ScatterNode,
  path: string,
  indices: readonly number[],
): number | undefined {
  const prefix = `${keyOf(node.path, indices)}/`;
  if (!path.startsWith(prefix)) return undefined;
  const id = path.slice(prefix.length).split('/', 1)[0];
  if (node.over.kind === 'elements') return Number(id);
  return node.over.branches.findIndex((branch) => branch.id === id);
}
