import type {
  FlowDefinition,
  JoinDefinition,
  MapDefinition,
  NodeDefinition,
  ParallelDefinition,
  RouteDefinition,
} from './definition.ts';
import { idOf, innerLists, type PlacedNode, placed } from './ids.ts';
import { at, type Finding } from './problem.ts';

/** Names with a meaning of their own; an id stands behind `context.`, so only words that would confuse a reader count. */
const reservedIds = new Set(
  'payload context previous output branch branches round true false null in'.split(' '),
);

/** The name of an element stands alone in expressions: CEL's own words are out as well. */
const reservedNames = new Set([
  ...reservedIds,
  ...'optional cel google int uint double string bool bytes list map type null_type dyn'.split(' '),
  ...'as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
]);

/** What a schema cannot say: ids, joins, routes. Visibility is the compiler's, which walks the flow in order. */
export function checkDefinition(flow: Pick<FlowDefinition, 'do'>): readonly Finding[] {
  const findings: Finding[] = [];
  checkList(placed(flow.do, 'do'), { taken: new Map(), as: new Set(), findings });
  return findings;
}

interface Walk {
  /** Ids that are in use here, and where. */
  readonly taken: Map<string, string>;
  /** `as` names of the enclosing maps. */
  readonly as: ReadonlySet<string>;
  readonly findings: Finding[];
}

function checkList(nodes: readonly PlacedNode[], walk: Walk): void {
  for (const { node, where } of nodes) checkNode(node, where, walk);
}

function checkNode(node: NodeDefinition, where: string, walk: Walk): void {
  const id = idOf(node);
  if (id !== undefined) takeId(id, where, walk);
  if ('route' in node) {
    checkRoute(node, where, walk);
    return;
  }
  if ('parallel' in node) checkParallel(node, where, walk);
  if ('map' in node) {
    checkMap(node, where, walk);
    return;
  }
  if ('refine' in node) checkLocalNames(where, walk);
  if ('cascade' in node) {
    const { otherwise, score } = node;
    if (otherwise === 'best' && score === undefined) {
      tell(
        walk,
        at(where, 'otherwise'),
        'score_missing',
        '`otherwise: best` needs a `score` expression to compare answers by.',
      );
    }
    if (otherwise !== 'best' && score !== undefined) {
      tell(
        walk,
        at(where, 'score'),
        'score_unused',
        '`score` has a meaning only with `otherwise: best`.',
      );
    }
  }
  for (const list of innerLists(node, where)) checkList(list, walk);
}

function takeId(id: string, where: string, walk: Walk): void {
  if (reservedIds.has(id)) {
    tell(
      walk,
      where,
      'id_reserved',
      `"${id}" has a meaning of its own in expressions: choose another id.`,
    );
  }
  if (walk.as.has(id))
    tell(walk, where, 'id_taken', `"${id}" is already the name of the element of this map.`);
  const first = walk.taken.get(id);
  if (first === undefined) walk.taken.set(id, where);
  else {
    const rule = 'An id recurs only in branches of one route, of which one runs.';
    tell(walk, where, 'id_taken', `The id "${id}" is already used at ${first}. ${rule}`);
  }
}

/** Each branch begins with the ids taken before the route; behind it all of theirs are taken. */
function checkRoute(node: RouteDefinition, where: string, walk: Walk): void {
  const before = new Map(walk.taken);
  for (const [index, arm] of node.route.entries()) {
    const here = at(where, 'route', index);
    if (arm.when === undefined && index < node.route.length - 1) {
      tell(
        walk,
        here,
        'default_not_last',
        'A branch without `when` is the default and stands last: no branch behind it is ever taken.',
      );
    }
    const taken = new Map(before);
    checkList(placed(arm.do, at(here, 'do')), { ...walk, taken });
    for (const [id, place] of taken) if (!walk.taken.has(id)) walk.taken.set(id, place);
  }
}

function checkParallel(node: ParallelDefinition, where: string, walk: Walk): void {
  const seen = new Set<string>();
  for (const [index, branch] of node.branches.entries()) {
    const id = 'step' in branch ? branch.step : branch.branch;
    if (seen.has(id))
      tell(walk, at(where, 'branches', index), 'branch_taken', `There is another branch "${id}".`);
    seen.add(id);
  }
  checkNeed(node.join, node.branches.length, where, walk);
  const { merge, by, score } = node;
  if (typeof merge !== 'string' && merge.step === 'branches') {
    tell(walk, at(where, 'merge', 'step'), 'id_reserved', 'The judge cannot be called "branches".');
  }
  if (by !== undefined && merge !== 'vote') {
    tell(walk, at(where, 'by'), 'by_unused', '`by` has a meaning only with `merge: vote`.');
  }
  if (score !== undefined && merge !== 'vote' && merge !== 'best') {
    tell(
      walk,
      at(where, 'score'),
      'score_unused',
      '`score` has a meaning only with `merge: best` or `merge: vote`.',
    );
  }
  if (merge === 'best' && score === undefined) {
    tell(walk, at(where, 'merge'), 'score_missing', '`merge: best` needs a `score` expression.');
  }
}

function checkNeed(join: JoinDefinition, branches: number, where: string, walk: Walk): void {
  if (typeof join === 'string') return;
  if (join.need === undefined && join.within === undefined) {
    tell(
      walk,
      at(where, 'join'),
      'join_empty',
      'A join is all, any, { need: 2 }, { within: 3s } or both.',
    );
  }
  if (join.need !== undefined && join.need > branches) {
    const message = `The join needs ${join.need} branches, there are ${branches}: it could never be reached.`;
    tell(walk, at(where, 'join', 'need'), 'need_too_large', message);
  }
}

/** Ids inside a map are not visible behind it; they are unique all the same, so that an id names one place of a flow. */
function checkMap(node: MapDefinition, where: string, walk: Walk): void {
  checkNeed(node.join, node.maxElements, where, walk);
  if (reservedNames.has(node.as) || walk.as.has(node.as) || walk.taken.has(node.as)) {
    tell(
      walk,
      at(where, 'as'),
      'id_taken',
      `"${node.as}" already has a meaning here: choose another name for the element.`,
    );
  }
  const inner = { ...walk, as: new Set(walk.as).add(node.as) };
  for (const list of innerLists(node, where)) checkList(list, inner);
}

/** Inside a refine `context.draft` and `context.critic` are its own. */
function checkLocalNames(where: string, walk: Walk): void {
  for (const name of ['draft', 'critic']) {
    const taken = walk.taken.get(name);
    if (taken === undefined) continue;
    const message = `The id "${name}" at ${taken} is hidden inside this refine, where context.${name} is its own: choose another id.`;
    tell(walk, where, 'id_shadowed', message);
  }
}

function tell(walk: Walk, path: string, code: string, message: string): void {
  walk.findings.push({ path, code, message });
}
