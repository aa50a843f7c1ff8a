import type { CompiledFlow, Kernel, KeyTemplate } from '../../../shared/flow/kernel.ts';

/** Where a call stands in its flow, from the outside in: positions in lists, branches, elements. */
type Position = readonly (
  | { readonly kind: 'item'; readonly at: number }
  | { readonly kind: 'branch'; readonly id: string }
)[];

/**
 * Whether the call of one path comes at or behind the call of another in the flow: it may depend on what that one gave. Branches
 * of one parallel, and elements of one map, are beside each other. Both paths are those of calls of the flow.
 */
export function isAtOrAfter(path: string, from: string, flow: CompiledFlow): boolean {
  const one = positionOf(path, flow);
  const other = positionOf(from, flow);
  for (const [depth, mine] of one.entries()) {
    const theirs = other[depth];
    if (theirs === undefined) return true;
    if (mine.kind === 'branch' && theirs.kind === 'branch') {
      if (mine.id !== theirs.id) return false;
    } else if (mine.kind === 'item' && theirs.kind === 'item' && mine.at !== theirs.at) {
      return mine.at > theirs.at;
    }
  }
  return true;
}

function positionOf(path: string, flow: CompiledFlow): Position {
  const parts = path.split('/');
  return find(flow.body, parts, []) ?? [];
}

function find(node: Kernel, parts: readonly string[], above: Position): Position | undefined {
  switch (node.kind) {
    case 'call':
      return matches(node.path, parts) ? above : undefined;
    case 'sequence':
      return first(node.items, (item, at) => find(item, parts, [...above, { kind: 'item', at }]));
    case 'choice':
      return first(node.arms, ({ body }) => find(body, parts, above));
    case 'scatter': {
      const { over } = node;
      if (over.kind === 'branches') {
        return first(over.branches, ({ id, body }) =>
          find(body, parts, [...above, { kind: 'branch', id }]),
        );
      }
      const depth = node.path.split('/').length;
      const id = parts[depth] ?? '';
      return find(over.branch.body, parts, [...above, { kind: 'branch', id }]);
    }
    default:
      return undefined;
  }
}

function first<T, R>(
  list: readonly T[],
  look: (one: T, index: number) => R | undefined,
): R | undefined {
  for (const [index, one] of list.entries()) {
    const found = look(one, index);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Whether a path is one of a template, whose `#` stand for the elements of maps. */
export function matches(template: KeyTemplate, parts: readonly string[]): boolean {
  const wanted = template.split('/');
  return (
    wanted.length === parts.length &&
    wanted.every((part, at) => {
      const given = parts[at] ?? '';
      return part === given || (part === '#' && /^\d+$/.test(given));
    })
  );
}
