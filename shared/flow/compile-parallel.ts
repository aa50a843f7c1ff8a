import { type Compiled, compileList } from './compile-list.ts';
import { compileCall, compileStep } from './compile-step.ts';
import type {
  BranchDefinition,
  JoinDefinition,
  ParallelDefinition,
  StepDefinition,
} from './definition.ts';
import { compileValue, type Place, readKeys } from './expression.ts';
import type { Branch, Gather, Join, KeyTemplate, ScatterNode } from './kernel.ts';
import { at } from './problem.ts';
import { type Scope, type VisibleNode, withGiven, withNode } from './scope.ts';

interface CompiledBranch {
  readonly branch: Branch;
  /** What the branch's own nodes wrote: visible behind the join. */
  readonly nodes: ReadonlyMap<string, VisibleNode>;
}

/** Branches on the same input, joined and merged. With a judge the branches lie under `<id>/branches` and the judge beside them. */
export function compileParallel(node: ParallelDefinition, place: Place): Compiled {
  const { scope, compilation, where } = place;
  const path = scope.prefix + node.parallel;
  const judge = typeof node.merge === 'string' ? undefined : node.merge;
  const base = judge === undefined ? path : `${path}/branches`;
  compilation.add(base, where);
  const branches = node.branches.map((branch, index) =>
    compileBranch(branch, base, { ...place, where: at(where, 'branches', index) }),
  );
  const outputs = branches.flatMap(({ branch }) => branch.output);
  const scatter: ScatterNode = {
    kind: 'scatter',
    path: base,
    over: { kind: 'branches', branches: branches.map(({ branch }) => branch) },
    concurrency: node.concurrency ?? branches.length,
    join: readJoin(node.join),
    gather: gatherOf(node, { ...place, scope: withGiven(scope, { output: outputs, branch: [] }) }),
    patchKey: scope.patchKey,
  };
  const isObject = node.merge === 'fields' || judge !== undefined;
  const fields = new Map(branches.map(({ branch }) => [branch.id, branch.output]));
  compilation.produce(base, isObject ? { kind: 'fields', fields } : { kind: 'any', keys: outputs });
  const joined: Scope = {
    ...scope,
    nodes: new Map([...scope.nodes, ...branches.flatMap(({ nodes }) => [...nodes])]),
  };
  const facts = ['$missing', ...factsOf(node.merge)];
  const visible: VisibleNode = { keys: [path], factsKey: `${base}/$facts`, facts };
  const after = withNode(joined, node.parallel, visible);
  if (judge === undefined) return { items: [scatter], scope: after };
  return {
    items: [scatter, ...judgeNodes(judge, { path, base }, { ...place, scope: joined })],
    scope: after,
  };
}

/** `join` as the kernel says it. */
export function readJoin(join: JoinDefinition): Join {
  if (join === 'all') return { need: 'all' };
  if (join === 'any') return { need: 1 };
  const { need = 'all', within } = join;
  return within === undefined ? { need } : { need, withinMs: within };
}

function compileBranch(
  definition: StepDefinition | BranchDefinition,
  base: KeyTemplate,
  place: Place,
): CompiledBranch {
  const id = 'step' in definition ? definition.step : definition.branch;
  const patchKey = `${base}/${id}/$patch`;
  const scope: Scope = {
    ...place.scope,
    // A branch that is one step is its own path: review/sentiment, not review/sentiment/sentiment.
    prefix: 'step' in definition ? `${base}/` : `${base}/${id}/`,
    patches: [...place.scope.patches, patchKey],
    patchKey,
  };
  const inner = { ...place, scope };
  const compiled =
    'step' in definition
      ? bodyOf(compileStep(definition, inner))
      : compileList(definition.do, { ...inner, where: at(place.where, 'do') });
  const nodes = [...compiled.scope.nodes].filter(
    ([name, node]) => place.scope.nodes.get(name) !== node,
  );
  return {
    branch: { id, body: compiled.body, output: compiled.scope.previous, patchKey },
    nodes: new Map(nodes),
  };
}

/** The body of a branch that is one node. */
export function bodyOf({ items, scope }: Compiled) {
  return { body: { kind: 'sequence', items } as const, scope };
}

/** `score` and `by` see the value of a branch as `output` and its id as `branch`. */
function gatherOf(node: ParallelDefinition, place: Place): Gather {
  const expression = (source: string, wanted: 'anything' | 'number', key: string) =>
    compileValue(source, wanted, { ...place, where: at(place.where, key) }).expression;
  if (node.merge === 'vote') {
    const by = expression(node.by ?? 'output', 'anything', 'by');
    return node.score === undefined
      ? { kind: 'vote', by }
      : { kind: 'vote', by, weight: expression(node.score, 'number', 'score') };
  }
  if (node.merge === 'best')
    return { kind: 'best', score: expression(node.score ?? '0', 'number', 'score') };
  return { kind: 'fields' };
}

function factsOf(merge: ParallelDefinition['merge']): readonly string[] {
  if (merge === 'vote') return ['$votes'];
  return merge === 'best' ? ['$scores', '$branch'] : [];
}

function judgeNodes(
  judge: StepDefinition,
  { path, base }: { readonly path: KeyTemplate; readonly base: KeyTemplate },
  place: Place,
): Compiled['items'] {
  const names = new Map(place.scope.names).set('branches', [base]);
  const scope: Scope = { ...place.scope, names, previous: [base] };
  const judgePath = `${path}/${judge.step}`;
  const call = compileCall(judge, judgePath, { ...place, scope, where: at(place.where, 'merge') });
  place.compilation.produce(path, { kind: 'any', keys: [judgePath] });
  return [call, { kind: 'set', path, value: readKeys('previous', [judgePath]) }];
}
