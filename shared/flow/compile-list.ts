import { compileCascade } from './compile-cascade.ts';
import { compileMap } from './compile-map.ts';
import { compileNested } from './compile-nested.ts';
import { compileParallel } from './compile-parallel.ts';
import { compileRefine } from './compile-refine.ts';
import { compileRoute } from './compile-route.ts';
import { compileStep } from './compile-step.ts';
import { compileFail, compileSet } from './compile-value-nodes.ts';
import { compileWait } from './compile-wait.ts';
import type { NodeDefinition } from './definition.ts';
import type { Place } from './expression.ts';
import type { Kernel, SequenceNode } from './kernel.ts';
import { at } from './problem.ts';
import type { Scope } from './scope.ts';

/** What a node becomes, and what can be seen behind it. */
export interface Compiled {
  readonly items: readonly Kernel[];
  readonly scope: Scope;
  /** Nothing behind this node ever runs. */
  readonly ends?: boolean;
}

/** Compiles a list of nodes, each in the scope that the one before left. */
export function compileList(
  nodes: readonly NodeDefinition[],
  place: Place,
): { readonly body: SequenceNode; readonly scope: Scope; readonly ends: boolean } {
  const items: Kernel[] = [];
  let { scope } = place;
  let ends = false;
  for (const [index, node] of nodes.entries()) {
    const where = at(place.where, index);
    if (ends) {
      place.compilation.find(
        where,
        'unreachable',
        'Nothing reaches this node: every way before it ends the run.',
      );
      break;
    }
    const compiled = compileNode(node, { ...place, where, scope });
    items.push(...compiled.items);
    scope = compiled.scope;
    ends = compiled.ends ?? false;
  }
  return { body: { kind: 'sequence', items }, scope, ends };
}

function compileNode(node: NodeDefinition, place: Place): Compiled {
  if ('step' in node) return compileStep(node, place);
  if ('parallel' in node) return compileParallel(node, place);
  if ('route' in node) return compileRoute(node, place);
  if ('refine' in node) return compileRefine(node, place);
  if ('cascade' in node) return compileCascade(node, place);
  if ('map' in node) return compileMap(node, place);
  if ('set' in node) return compileSet(node, place);
  if ('fail' in node) return compileFail(node, place);
  if ('wait' in node) return compileWait(node, place);
  return compileNested(node, place);
}
