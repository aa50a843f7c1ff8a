import type {
  CompiledFlow,
  Expression,
  Kernel,
  KeyTemplate,
  Reads,
} from '../../../shared/flow/kernel.ts';
import { nodesOf } from '../../../shared/flow/kernel-walk.ts';
import { matches } from './flow-order.ts';

/** What the engine needs to know of a whole flow. */
export interface FlowIndex {
  /** Templates of the `$facts` keys that some expression reads; other facts are not written. */
  readonly factsRead: ReadonlySet<string>;
  /** Names under which nodes appear in any context; a reply's patch may not take them. */
  readonly nodeIds: ReadonlySet<string>;
  /** Path templates of all calls. */
  readonly callPaths: readonly KeyTemplate[];
}

const indexes = new WeakMap<CompiledFlow, FlowIndex>();

/** The index of a flow, made once. */
export function indexOf(flow: CompiledFlow): FlowIndex {
  const known = indexes.get(flow);
  if (known !== undefined) return known;
  const callPaths = nodesOf('call', flow.body).map(({ path }) => path);
  const index = { factsRead: new Set<string>(), nodeIds: new Set<string>(), callPaths };
  for (const reads of [flow.output.reads, ...readsIn(flow.body)]) {
    for (const { factsKey } of [...reads.names, ...(reads.context?.nodes ?? [])]) {
      if (factsKey !== undefined) index.factsRead.add(factsKey);
    }
    for (const { name } of reads.context?.nodes ?? []) index.nodeIds.add(name);
  }
  for (const { path, candidates } of nodesOf('pick', flow.body)) {
    if (!index.factsRead.has(`${path}/$facts`)) continue;
    for (const { output } of candidates) index.factsRead.add(`${output}/$facts`);
  }
  indexes.set(flow, index);
  return index;
}

/** The template of the call that has this path; undefined: the flow has no such call. */
export function stepOf(path: string, flow: CompiledFlow): KeyTemplate | undefined {
  const parts = path.split('/');
  return indexOf(flow).callPaths.find((template) => matches(template, parts));
}

function readsIn(node: Kernel): readonly Reads[] {
  switch (node.kind) {
    case 'call': {
      const { fallback, onOpen, onFailure } = node.policy;
      return [
        node.input.reads,
        { names: [], context: node.context },
        ...fallback.map(({ input }) => input.reads),
        ...readsOf(onOpen?.value),
        ...readsOf(onFailure?.value),
      ];
    }
    case 'wait':
      return [...readsOf(node.ask), ...readsOf(node.onTimeout)];
    case 'set':
      return [node.value.reads];
    case 'pick':
      return [];
    case 'fail':
      return readsOf(node.message);
    case 'sequence':
      return node.items.flatMap(readsIn);
    case 'choice':
      return node.arms.flatMap((arm) => [...readsOf(arm.when), ...readsIn(arm.body)]);
    case 'scatter': {
      const { over, gather } = node;
      const branches = over.kind === 'branches' ? over.branches : [over.branch];
      return [
        ...(over.kind === 'elements' ? [over.list.reads] : []),
        ...branches.flatMap((branch) => readsIn(branch.body)),
        ...('value' in gather ? readsOf(gather.value) : []),
        ...('by' in gather ? [...readsOf(gather.by), ...readsOf(gather.weight)] : []),
        ...('score' in gather ? readsOf(gather.score) : []),
      ];
    }
  }
}

function readsOf(expression: Expression | undefined): readonly Reads[] {
  return expression === undefined ? [] : [expression.reads];
}
