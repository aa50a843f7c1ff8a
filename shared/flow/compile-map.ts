import { type Compiled, compileList } from './compile-list.ts';
import { bodyOf, readJoin } from './compile-parallel.ts';
import { compileStep } from './compile-step.ts';
import type { MapDefinition } from './definition.ts';
import { compileValue, type Place } from './expression.ts';
import type { Gather, ScatterNode } from './kernel.ts';
import { at } from './problem.ts';
import { type Scope, withGiven, withNode } from './scope.ts';

/** One branch per element of a list. Keys of a branch have `#` where the element's index goes. */
export function compileMap(node: MapDefinition, place: Place): Compiled {
  const { scope, compilation, where } = place;
  const path = scope.prefix + node.map;
  const element = `${path}/#`;
  const itemKey = `${element}/$item`;
  const patchKey = `${element}/$patch`;
  compilation.add(path, where);
  const over = compileValue(node.over, 'list', { ...place, where: at(where, 'over') });
  compilation.produce(itemKey, { kind: 'element', list: over.tree });
  const inner: Scope = {
    ...scope,
    prefix: `${element}/`,
    patches: [...scope.patches, patchKey],
    patchKey,
    names: new Map(scope.names).set(node.as, [itemKey]),
    previous: [itemKey],
    insideMap: true,
  };
  const inside = { ...place, where: at(where, 'do'), scope: inner };
  const body = Array.isArray(node.do)
    ? compileList(node.do, inside)
    : bodyOf(compileStep(node.do, inside));
  const output = body.scope.previous;
  const collect =
    node.collect === undefined
      ? undefined
      : compileValue(node.collect, 'anything', {
          ...place,
          where: at(where, 'collect'),
          // Evaluated once per element, in its place: it sees what the element's own nodes wrote.
          scope: withGiven(body.scope, { output, branch: [] }),
        });
  const gather: Gather =
    collect === undefined ? { kind: 'list' } : { kind: 'list', value: collect.expression };
  compilation.produce(path, { kind: 'list', element: collect?.tree ?? output });
  const scatter: ScatterNode = {
    kind: 'scatter',
    path,
    over: {
      kind: 'elements',
      list: over.expression,
      itemKey,
      maxElements: node.maxElements,
      branch: { body: body.body, output, patchKey },
    },
    concurrency: node.concurrency,
    join: readJoin(node.join),
    gather,
    patchKey: scope.patchKey,
  };
  return {
    items: [scatter],
    scope: withNode(scope, node.map, {
      keys: [path],
      factsKey: `${path}/$facts`,
      facts: ['$missing'],
    }),
  };
}
