import type { JsonValue } from '../envelope/json.ts';

/**
 * What a flow becomes when it is compiled: a tree of a few node kinds that the engine can run without knowing the language
 * they were written in. `refine`, `cascade`, `map` and `flow` have no kind of their own here.
 *
 * Every value of a run is stored under a key; every key is known at compile time but for the index of a `map` element,
 * which the template leaves open as `#` (outermost first): `album/#/caption` is `album/3/caption` in element 3. A key is also
 * the path of the node that writes it, so rounds and elements can never be mixed up. Keys with `$` are the engine's own:
 * `$payload` and `$context` (the job's), `$patch` (what calls patched into the context), `<branch>/$patch` (the same inside a
 * branch), `<scatter>/#/$item` (an element), `<node>/$facts` (the `$` facts of a node), `<id>/$payload` and `<id>/$patch` (of a
 * nested flow), `$route/<n>` (the last value of a route whose keys alone do not tell).
 */
export type KeyTemplate = string;

/** A name in an expression and where its value lies: the first of `keys` that has a value. */
export interface Binding {
  readonly name: string;
  readonly keys: readonly KeyTemplate[];
  /** Read and merged into the value (an object) when the expression asks for `$` facts of this node. */
  readonly factsKey?: KeyTemplate;
}

/** The `context` that is visible at a node. */
export interface ContextBinding {
  /** Patched context, outermost first: later keys win, and node outputs win over all of them. */
  readonly patches: readonly KeyTemplate[];
  readonly nodes: readonly Binding[];
  /** Left out: everything. Else only these keys are in the context: a step may name keys that only a patch can bring. */
  readonly only?: readonly string[];
}

/** What has to be read before something is evaluated. */
export interface Reads {
  /** `payload`, `previous`, the `as` name of an enclosing map, … */
  readonly names: readonly Binding[];
  /** Left out when `context` is not read. */
  readonly context?: ContextBinding;
}

/** Values of the names an expression reads, `context` among them. */
export type Scope = Readonly<Record<string, JsonValue>>;

/** A compiled CEL expression or mapping: pure, and safe on any data. */
export interface Expression {
  /** As it was written, for messages. */
  readonly source: string;
  readonly reads: Reads;
  /** Throws ContractError `expression_failed`, which names `where` and what went wrong; never returns "false" for an error. */
  evaluate(scope: Scope): JsonValue;
}

interface RetryPolicy {
  /** Executions in all, the first included. */
  readonly attempts: number;
  readonly initialMs: number;
  readonly factor: number;
  readonly maxMs: number;
  readonly jitter: 'full' | 'none';
}

export interface StepPolicy {
  /** One execution, measured by the worker from the start of run(). */
  readonly timeoutMs: number;
  /** First dispatch to accepted reply: queue waits and retries included. Left out: what is left of the run's deadline. */
  readonly withinMs?: number;
  readonly retry: RetryPolicy;
}

export interface CallNode {
  readonly kind: 'call';
  readonly path: KeyTemplate;
  readonly model: string;
  /** Major version; left out: the newest announced when the call is dispatched. */
  readonly version?: number;
  readonly input: Expression;
  /** The context that travels with the request. */
  readonly context: ContextBinding;
  readonly policy: StepPolicy;
  /** Where the reply's context patch goes; left out: patches are dropped (nobody could see them). */
  readonly patchKey?: KeyTemplate;
  /** A spent call writes no value and the flow goes on (a tier of a cascade). */
  readonly tolerant: boolean;
}

/** Writes a computed value. */
export interface SetNode {
  readonly kind: 'set';
  readonly path: KeyTemplate;
  readonly value: Expression;
}

/** Writes one of several earlier values: the best draft of a refine loop, the answer of a cascade. */
export interface PickNode {
  readonly kind: 'pick';
  readonly path: KeyTemplate;
  /** In order; those whose `output` was never written do not count. `score` is a number written by a SetNode. */
  readonly candidates: readonly {
    readonly output: KeyTemplate;
    readonly score?: KeyTemplate;
    /** What `$servedBy` says when this one is picked. */
    readonly servedBy?: string;
  }[];
  /** best: highest score, the earlier one on a tie; a candidate without a score loses to any that has one. */
  readonly choose: 'best' | 'last';
  /** Code and sentence when there is no candidate. */
  readonly otherwise: { readonly code: string; readonly message: string };
  /** Name of a `$` fact that tells how many candidates had a value (`$rounds`, `$tiers`). */
  readonly countFact: string;
}

export interface FailNode {
  readonly kind: 'fail';
  readonly path: KeyTemplate;
  readonly code: string;
  readonly message?: Expression;
}

export interface SequenceNode {
  readonly kind: 'sequence';
  readonly items: readonly Kernel[];
}

/** The first arm whose `when` holds (true; anything but a boolean is `expression_failed`); an arm without `when` always does. */
export interface ChoiceNode {
  readonly kind: 'choice';
  readonly arms: readonly { readonly when?: Expression; readonly body: SequenceNode }[];
  /** When no arm holds: fail the run with `no_route`, or go on. */
  readonly otherwise: 'no_route' | 'skip';
  /** Where it was written, for messages: `do[1].route`. */
  readonly where: string;
}

export interface Join {
  /** Branches that must succeed: all of them, or a number (any = 1). */
  readonly need: 'all' | number;
  /**
   * After this long the join fails (a number not reached) or takes what is there (need: 'all', for which a branch that failed
   * is then missing, like one that is late).
   */
  readonly withinMs?: number;
}

/** Expressions in here see the branch's value as `output` (and its id as `branch`) beside what they read. */
export type Gather =
  /** { branch id: output } */
  | { readonly kind: 'fields' }
  /** Outputs in branch order, null where one is missing; `value` maps each. */
  | { readonly kind: 'list'; readonly value?: Expression }
  /** The output that most branches (or the most weight) agree on by `by`; ties: the branch written first. Facts: `$votes`. */
  | { readonly kind: 'vote'; readonly by: Expression; readonly weight?: Expression }
  /** The output with the highest `score`; ties: the branch written first. Facts: `$scores`, `$branch`. */
  | { readonly kind: 'best'; readonly score: Expression };

export interface Branch {
  readonly id: string;
  readonly body: SequenceNode;
  /** Where the branch's value lies when its body is done: the first key that has a value. */
  readonly output: readonly KeyTemplate[];
  /** Where its patches lie; applied at the join, in the order written. */
  readonly patchKey: KeyTemplate;
}

export interface ScatterNode {
  readonly kind: 'scatter';
  readonly path: KeyTemplate;
  readonly over:
    | { readonly kind: 'branches'; readonly branches: readonly Branch[] }
    | {
        readonly kind: 'elements';
        /** A list, else `expression_failed`; longer than `maxElements` fails with `too_many_elements`. */
        readonly list: Expression;
        /** Each element is written here before its branch starts. */
        readonly itemKey: KeyTemplate;
        readonly maxElements: number;
        /** Ids are the indices, from 0. */
        readonly branch: Omit<Branch, 'id'>;
      };
  /** Branches open at a time. */
  readonly concurrency: number;
  readonly join: Join;
  readonly gather: Gather;
  /** Where the joined patches go. */
  readonly patchKey?: KeyTemplate;
}

export type Kernel =
  | CallNode
  | SetNode
  | PickNode
  | FailNode
  | SequenceNode
  | ChoiceNode
  | ScatterNode;

/** A flow, ready to run. */
export interface CompiledFlow {
  readonly name: string;
  readonly version: number;
  /** SHA-256 (hex) of the definition in canonical JSON: a run is pinned to it. */
  readonly digest: string;
  readonly description: string;
  readonly deadlineMs: number;
  readonly body: SequenceNode;
  /** The result's payload. */
  readonly output: Expression;
  /** Problems of a job's payload as `/json/pointer sentence`; empty: it fits the flow's input schema. */
  checkInput(payload: JsonValue): readonly string[];
  /** Every model the flow can call, with the major version where it names one. */
  readonly models: readonly { readonly model: string; readonly version?: number }[];
}
