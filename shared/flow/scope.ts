import type { JsonValue } from '../envelope/json.ts';
import type { ContextBinding, KeyTemplate } from './kernel.ts';

/** A node whose value can be read as `context.<id>`. */
export interface VisibleNode {
  /** Where its value lies: the first key that has one. */
  readonly keys: readonly KeyTemplate[];
  readonly factsKey?: KeyTemplate;
  /** Names of its `$` facts. */
  readonly facts: readonly string[];
}

/** What can be seen at one place of a flow, and under which keys. Never changed: each step of the compiler makes the next. */
export interface Scope {
  /** Begins every key that is written here: empty, `album/#/`, `review/tone/`. */
  readonly prefix: string;
  readonly payload: KeyTemplate;
  /** Context patches that are visible, outermost first. */
  readonly patches: readonly KeyTemplate[];
  /** Where the patches of calls made here go. */
  readonly patchKey: KeyTemplate;
  readonly nodes: ReadonlyMap<string, VisibleNode>;
  /** `as` names of enclosing maps, `branches` of a judge. */
  readonly names: ReadonlyMap<string, readonly KeyTemplate[]>;
  /** Names whose value the engine or the compiler supplies beside what is read (`output`, `branch`), with the keys it comes from. */
  readonly given: ReadonlyMap<string, readonly KeyTemplate[]>;
  /** Names with one fixed value (`round`). */
  readonly constants: ReadonlyMap<string, JsonValue>;
  /** Where the value of the node before lies: the first key that has one. */
  readonly previous: readonly KeyTemplate[];
  /** Requests inside a map carry no context unless their step names some. */
  readonly insideMap: boolean;
}

/** Scope of a flow's first node; `prefix` is empty for the flow itself and `<id>/` for one that is nested as a node. */
export function rootScope(prefix: string, insideMap = false): Scope {
  return {
    prefix,
    payload: `${prefix}$payload`,
    patches: ['$context', `${prefix}$patch`],
    patchKey: `${prefix}$patch`,
    nodes: new Map(),
    names: new Map(),
    given: new Map(),
    constants: new Map(),
    previous: [`${prefix}$payload`],
    insideMap,
  };
}

/** The scope after a node wrote its value under `keys`. */
export function withNode(scope: Scope, id: string, node: VisibleNode): Scope {
  return { ...scope, nodes: new Map(scope.nodes).set(id, node), previous: node.keys };
}

/** The scope with names whose values come with the evaluation. */
export function withGiven(
  scope: Scope,
  given: Readonly<Record<string, readonly KeyTemplate[]>>,
): Scope {
  return { ...scope, given: new Map([...scope.given, ...Object.entries(given)]) };
}

/** The whole context at this place. */
export function contextOf(scope: Scope): ContextBinding {
  return {
    patches: scope.patches,
    nodes: [...scope.nodes].map(([name, node]) => ({ name, keys: node.keys })),
  };
}

/** Every name an expression may begin with here. */
export function namesIn(scope: Scope): readonly string[] {
  return [
    'payload',
    'context',
    'previous',
    ...scope.names.keys(),
    ...scope.given.keys(),
    ...scope.constants.keys(),
  ];
}
