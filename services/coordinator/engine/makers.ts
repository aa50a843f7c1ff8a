import type {
  Branch,
  CompiledFlow,
  Expression,
  Gather,
  Kernel,
  KeyTemplate,
  Reads,
  ScatterNode,
} from '../../../shared/flow/kernel.ts';
import { nodesOf } from '../../../shared/flow/kernel-walk.ts';

/** How the value under a key comes about. */
export type Maker =
  /** A model answers, or in its place what the flow says for when it does not. */
  | { readonly kind: 'call'; readonly instead: readonly Reads[] }
  /** Somebody answers, or nobody does. */
  | { readonly kind: 'wait'; readonly instead: readonly Reads[] }
  /** The flow makes it of what it reads, and of one value of each of `keys`. */
  | {
      readonly kind: 'made';
      readonly reads: readonly Reads[];
      readonly keys: readonly (readonly KeyTemplate[])[];
    };

/** Where the values of a flow come from, as far as the flow itself tells. */
export interface Makers {
  /** By key. Branches of a route that exclude each other may write the same one. */
  readonly makers: ReadonlyMap<KeyTemplate, readonly Maker[]>;
  /** Paths of the calls whose patches end up under a key. */
  readonly patchers: ReadonlyMap<KeyTemplate, readonly KeyTemplate[]>;
}

const known = new WeakMap<CompiledFlow, Makers>();

/** The makers of a flow, found once. */
export function makersOf(flow: CompiledFlow): Makers {
  const before = known.get(flow);
  if (before !== undefined) return before;
  const found = { makers: valueMakers(flow.body), patchers: patchersIn(flow.body) };
  known.set(flow, found);
  return found;
}

function valueMakers(body: Kernel): Makers['makers'] {
  const makers = new Map<KeyTemplate, readonly Maker[]>();
  const add = (key: KeyTemplate, maker: Maker) =>
    void makers.set(key, [...(makers.get(key) ?? []), maker]);
  for (const { path, policy } of nodesOf('call', body)) {
    const instead = [...readsOf(policy.onOpen?.value), ...readsOf(policy.onFailure?.value)];
    add(path, { kind: 'call', instead });
  }
  for (const { path, onTimeout } of nodesOf('wait', body)) {
    add(path, { kind: 'wait', instead: readsOf(onTimeout) });
  }
  for (const { path, value } of nodesOf('set', body)) add(path, made([value.reads], []));
  for (const { path, candidates } of nodesOf('pick', body)) {
    const outputs = candidates.map(({ output }) => [output]);
    add(path, made([], outputs));
  }
  for (const { path, over, gather } of nodesOf('scatter', body)) {
    const outputs = branchesOf(over).map(({ output }) => output);
    add(path, made(readsOf(collected(gather)), outputs));
    if (over.kind === 'elements') add(over.itemKey, made([over.list.reads], []));
  }
  return makers;
}

/** A vote or a score chooses a value, and is no part of it. */
function collected(gather: Gather): Expression | undefined {
  return gather.kind === 'list' ? gather.value : undefined;
}

function made(reads: readonly Reads[], keys: readonly (readonly KeyTemplate[])[]): Maker {
  return { kind: 'made', reads, keys };
}

function readsOf(expression: Expression | undefined): readonly Reads[] {
  return expression === undefined ? [] : [expression.reads];
}

/** A join puts the patches of its branches under its own key. */
function patchersIn(body: Kernel): Makers['patchers'] {
  const direct = new Map<KeyTemplate, KeyTemplate[]>();
  const add = (key: KeyTemplate | undefined, path: KeyTemplate) => {
    if (key !== undefined) direct.set(key, [...(direct.get(key) ?? []), path]);
  };
  for (const { patchKey, path } of nodesOf('call', body)) add(patchKey, path);
  const scatters = nodesOf('scatter', body);
  const into = (key: KeyTemplate): readonly KeyTemplate[] => {
    const joined = scatters.filter(({ patchKey }) => patchKey === key);
    const inside = joined.flatMap(({ over }) => branchesOf(over).map(({ patchKey }) => patchKey));
    return [...(direct.get(key) ?? []), ...inside.flatMap(into)];
  };
  const keys = new Set([...direct.keys(), ...scatters.flatMap(({ patchKey }) => patchKey ?? [])]);
  return new Map([...keys].map((key) => [key, [...new Set(into(key))]]));
}

function branchesOf(over: ScatterNode['over']): readonly Omit<Branch, 'id'>[] {
  return over.kind === 'branches' ? over.branches : [over.branch];
}
