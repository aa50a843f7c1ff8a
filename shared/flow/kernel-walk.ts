import type { Kernel } from './kernel.ts';

/** Every node of a kernel tree that is of this kind, in the order written. */
export function nodesOf<K extends Kernel['kind']>(
  kind: K,
  node: Kernel,
): readonly Extract<Kernel, { readonly kind: K }>[] {
  const inside = bodiesOf(node).flatMap((body) => nodesOf(kind, body));
  return isOf(kind, node) ? [node, ...inside] : inside;
}

function isOf<K extends Kernel['kind']>(
  kind: K,
  node: Kernel,
): node is Extract<Kernel, { readonly kind: K }> {
  return node.kind === kind;
}

/** The nodes right inside a node. */
function bodiesOf(node: Kernel): readonly Kernel[] {
  switch (node.kind) {
    case 'sequence':
      return node.items;
    case 'choice':
      return node.arms.map(({ body }) => body);
    case 'scatter': {
      const { over } = node;
      return over.kind === 'branches' ? over.branches.map(({ body }) => body) : [over.branch.body];
    }
    default:
      return [];
  }
}
