import type { BudgetAmounts } from '../envelope/budget.ts';
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

export interface RetryPolicy {
  /** Executions in all on one model, the first included. */
  readonly attempts: number;
  /** The same for failures of one code, which is then tried again whatever the worker says of it; 1: never again. */
  readonly on: Readonly<Record<string, number>>;
  readonly initialMs: number;
  readonly factor: number;
  readonly maxMs: number;
  readonly jitter: 'full' | 'none';
}

/** When a model is not called for a while, because too many of its calls went wrong. Shared by all coordinators. */
export interface BreakerPolicy {
  /** Shares in (0, 1] of the calls of the window that failed, or took longer than `slowMs`, at which it opens. */
  readonly failureRate: number;
  readonly slowRate: number;
  /** Left out: no call is too slow. */
  readonly slowMs?: number;
  /** Calls in the window below which it stays closed. */
  readonly minCalls: number;
  readonly windowMs: number;
  /** How long it stays open before calls are tried again. */
  readonly openMs: number;
  /** Calls that are tried then; when all of them succeed it closes, when one fails it opens again. */
  readonly probes: number;
}

/** What answers in place of a model when the whole ladder is spent; the first that there is. */
export interface LastResort {
  /** The last good answer for the same input, when it is not older than this. */
  readonly staleMs?: number;
  /** A value of the flow's author. */
  readonly value?: Expression;
}

/** Another model that is asked when the one before it is spent, or its breaker open. */
export interface Rung {
  readonly model: string;
  readonly version?: number;
  readonly input: Expression;
}

/** All that a step does when its model is slow, wrong, failing or away. */
export interface StepPolicy {
  /** One execution, measured by the worker from the start of run(). */
  readonly timeoutMs: number;
  /** First dispatch to accepted reply: queue waits and retries included. Left out: what is left of the run's deadline. */
  readonly withinMs?: number;
  readonly retry: RetryPolicy;
  /** Left out: the models of this step are called whatever happened before. */
  readonly breaker?: BreakerPolicy;
  /** In order; each has its own count of attempts. */
  readonly fallback: readonly Rung[];
  /** When the ladder ends at open breakers. Left out: `onFailure`. */
  readonly onOpen?: LastResort;
  /** When it ends in any other way. */
  readonly onFailure?: LastResort;
  /** How often one model is asked again, with the problems, after an output that breaks its schema. */
  readonly reask: number;
  /** How long an answer serves the same model, version and input again. Left out: never. */
  readonly cacheMs?: number;
}

export interface Budget extends BudgetAmounts {
  /** What becomes of a call that would not fit any more. `model`: it is made with this model instead, where that fits. */
  readonly onExceeded: 'fail' | 'pause' | { readonly model: string; readonly version?: number };
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

/**
 * Writes one of several earlier values: the best draft of a refine loop, the answer of a cascade. Its `$` facts are those of the
 * value that it picks, and one of its own.
 */
export interface PickNode {
  readonly kind: 'pick';
  readonly path: KeyTemplate;
  /** In order; those whose `output` was never written do not count. `score` is a number written by a SetNode. */
  readonly candidates: readonly {
    readonly output: KeyTemplate;
    readonly score?: KeyTemplate;
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

/** Waits for a signal: a person's decision, an event from outside. Its data is the node's value. */
export interface WaitNode {
  readonly kind: 'wait';
  readonly path: KeyTemplate;
  /** What is asked, for whoever answers. */
  readonly ask?: Expression;
  /** Left out: what is left of the run's deadline. */
  readonly withinMs?: number;
  /** The value when nobody answered in time. Left out: the step fails with `wait_expired`. */
  readonly onTimeout?: Expression;
  /** Problems of an answer as `/json/pointer sentence`; empty: it fits. */
  check(answer: JsonValue): readonly string[];
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
  | WaitNode
  | SequenceNode
  | ChoiceNode
  | ScatterNode;

/** A model, and its major version where one is named. */
export interface ModelReference {
  readonly model: string;
  readonly version?: number;
}

/** A flow, ready to run. */
export interface CompiledFlow {
  readonly name: string;
  readonly version: number;
  /** SHA-256 (hex) of the definition in canonical JSON: a run is pinned to it. */
  readonly digest: string;
  readonly description: string;
  readonly deadlineMs: number;
  /** Of each of its runs. */
  readonly budget?: Budget;
  readonly body: SequenceNode;
  /** The result's payload. */
  readonly output: Expression;
  /** Problems of a job's payload as `/json/pointer sentence`; empty: it fits the flow's input schema. */
  checkInput(payload: JsonValue): readonly string[];
  /**
   * Every model the flow needs before a run starts, with the major version where it names one. Fallbacks and cheaper models
   * are not among them: a run does not wait for what it may never call.
   */
  readonly models: readonly ModelReference[];
  /** Every model that a run may call: those, fallbacks and the budget's cheaper model. */
  readonly mayCall: readonly ModelReference[];
}
