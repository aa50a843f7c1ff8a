import { type Compiled, compileList } from './compile-list.ts';
import type { RouteDefinition } from './definition.ts';
import { compileValue, type Place, readKeys } from './expression.ts';
import type { ChoiceNode, KeyTemplate, SequenceNode } from './kernel.ts';
import { at } from './problem.ts';
import type { Scope, VisibleNode } from './scope.ts';

interface Arm {
  readonly arm: ChoiceNode['arms'][number];
  readonly scope: Scope;
  readonly ends: boolean;
}

/** The first branch whose `when` holds; what its nodes wrote can be seen behind the route. */
export function compileRoute(node: RouteDefinition, place: Place): Compiled {
  const { scope, compilation, where } = place;
  compilation.add(scope.prefix, where);
  const arms = node.route.map(({ when, do: nodes }, index): Arm => {
    const here = at(where, 'route', index);
    const condition =
      when === undefined
        ? {}
        : { when: compileValue(when, 'boolean', { ...place, where: at(here, 'when') }).expression };
    const list = compileList(nodes, { ...place, where: at(here, 'do') });
    return { arm: { ...condition, body: list.body }, scope: list.scope, ends: list.ends };
  });
  const going = arms.filter((arm) => !arm.ends);
  const { arms: finished, previous } = joinPrevious(arms, place);
  const choice: ChoiceNode = { kind: 'choice', arms: finished, otherwise: 'no_route', where };
  const after: Scope = { ...scope, nodes: mergeNodes(scope, going), previous };
  return { items: [choice], scope: after, ends: going.length === 0 };
}

/** Every id that some branch wrote; the same id in several branches is one name for whichever ran. */
function mergeNodes(before: Scope, arms: readonly Arm[]): ReadonlyMap<string, VisibleNode> {
  const nodes = new Map(before.nodes);
  for (const arm of arms) {
    for (const [id, node] of arm.scope.nodes) {
      const known = nodes.get(id);
      nodes.set(id, known === undefined || known === node ? node : either(known, node));
    }
  }
  return nodes;
}

function either(one: VisibleNode, other: VisibleNode): VisibleNode {
  const keys = [...new Set([...one.keys, ...other.keys])];
  const sameFacts = one.factsKey !== undefined && one.factsKey === other.factsKey;
  if (!sameFacts || one.factsKey === undefined) return { keys, facts: [] };
  return { keys, factsKey: one.factsKey, facts: [...new Set([...one.facts, ...other.facts])] };
}

/**
 * `previous` behind a route is the last value of the branch that ran: the first of the branches' last keys that has a value.
 * Where the last key of one branch is written on the way through another, the keys cannot tell which branch ran; then each
 * branch copies its last value under one key.
 */
function joinPrevious(
  arms: readonly Arm[],
  place: Place,
): {
  readonly arms: readonly ChoiceNode['arms'][number][];
  readonly previous: readonly KeyTemplate[];
} {
  const before = place.scope.previous;
  const going = arms.filter((arm) => !arm.ends);
  const own = [...new Set(going.flatMap((arm) => arm.scope.previous))].filter(
    (key) => !before.includes(key),
  );
  const passesThrough = going.some((arm) => arm.scope.previous.some((key) => before.includes(key)));
  if (!going.some((arm) => writesAlso(arm, own))) {
    const previous = passesThrough ? [...own, ...before] : own;
    return {
      arms: arms.map(({ arm }) => arm),
      previous: previous.length === 0 ? before : previous,
    };
  }
  const key = `${place.scope.prefix}$route/${place.where.replace(/[^0-9]+/g, '-').replace(/^-|-$/g, '')}`;
  const copied = arms.map(({ arm, scope, ends }) => {
    if (ends) return arm;
    const copy = { kind: 'set', path: key, value: readKeys('previous', scope.previous) } as const;
    const body: SequenceNode = { kind: 'sequence', items: [...arm.body.items, copy] };
    return { ...arm, body };
  });
  place.compilation.produce(key, { kind: 'any', keys: [...own, ...(passesThrough ? before : [])] });
  return { arms: copied, previous: [key] };
}

/** True when a branch writes one of `keys` that is not its own last value. */
function writesAlso(arm: Arm, keys: readonly KeyTemplate[]): boolean {
  const written = [...arm.scope.nodes.values()].flatMap((node) => node.keys);
  return keys.some((key) => written.includes(key) && !arm.scope.previous.includes(key));
}
