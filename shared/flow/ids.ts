import type { FlowDefinition, NodeDefinition } from './definition.ts';
import { at } from './problem.ts';
import type { IdIndex } from './resolve.ts';

/** A node and where it stands in its flow. */
export interface PlacedNode {
  readonly node: NodeDefinition;
  readonly where: string;
}

/** The nodes of a list, each with its place. */
export function placed(nodes: readonly NodeDefinition[], where: string): readonly PlacedNode[] {
  return nodes.map((node, index) => ({ node, where: at(where, index) }));
}

/** Every id that writes a value in a flow, with the place it is written at first. */
export function idsOf(flow: Pick<FlowDefinition, 'do'>): IdIndex {
  const ids = new Map<string, string>();
  const visit = (nodes: readonly PlacedNode[]): void => {
    for (const { node, where } of nodes) {
      const id = idOf(node);
      if (id !== undefined && !ids.has(id)) ids.set(id, where);
      innerLists(node, where).forEach(visit);
    }
  };
  visit(placed(flow.do, 'do'));
  return ids;
}

/** The id a node writes its value under; undefined for route and fail. */
export function idOf(node: NodeDefinition): string | undefined {
  if ('step' in node) return node.step;
  if ('parallel' in node) return node.parallel;
  if ('refine' in node) return node.refine;
  if ('cascade' in node) return node.cascade;
  if ('map' in node) return node.map;
  if ('set' in node) return node.set;
  if ('wait' in node) return node.wait;
  return 'flow' in node ? node.flow : undefined;
}

/** The lists of nodes inside a node: one per branch. */
export function innerLists(
  node: NodeDefinition,
  where: string,
): readonly (readonly PlacedNode[])[] {
  if ('route' in node) {
    return node.route.map((arm, index) => placed(arm.do, at(where, 'route', index, 'do')));
  }
  if ('parallel' in node) {
    return node.branches.map((branch, index) => {
      const here = at(where, 'branches', index);
      return 'step' in branch ? [{ node: branch, where: here }] : placed(branch.do, at(here, 'do'));
    });
  }
  if (!('map' in node)) return [];
  const here = at(where, 'do');
  return [Array.isArray(node.do) ? placed(node.do, here) : [{ node: node.do, where: here }]];
}
