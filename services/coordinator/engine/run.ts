import type { BudgetAmounts } from '../../../shared/envelope/budget.ts';
import type {
  Degradation,
  FinalStatus,
  RunError,
  StepLedger,
  Usage,
} from '../../../shared/envelope/envelope.ts';
import type { Budget } from '../../../shared/flow/kernel.ts';

/** The coordinator's record of an accepted job: control state only. Values (outputs, context) are rows of their own. */
export interface Run {
  readonly id: string;
  /** How often it was decided so far, by whichever coordinator: values in memory that belong to another revision are stale. */
  readonly revision: number;
  readonly tenant: string;
  readonly client: string;
  readonly jobId: string;
  /** SHA-256 of flow, payload and context: the same id with anything else is refused `id_conflict`. */
  readonly jobDigest: string;
  /** What the client wants on its result's correlation_id; its job's property, else the run id. */
  readonly correlationId: string;
  readonly flow: string;
  readonly flowVersion: number;
  readonly flowDigest: string;
  readonly priority: number;
  /** Of its job, where its client may not be as urgent as that. */
  readonly askedPriority?: number;
  readonly watch: boolean;
  /** W3C trace context of the run. */
  readonly traceparent: string;
  readonly acceptedAtMs: number;
  readonly deadlineMs: number;
  /** pending: accepted, but a model of its flow was never announced yet. */
  readonly status: 'pending' | 'running' | FinalStatus;
  readonly startedAtMs: number | null;
  readonly finishedAtMs: number | null;
  /** What is open; null before the start and after the end. */
  readonly state: Frame | null;
  /** Attempts that ended without their reply (timed out, abandoned), as `closedKeyOf` names them: a late reply's usage still counts, once. */
  readonly closed: readonly string[];
  readonly usage: Usage;
  /** What each step used, and who served it, by the path template of its node: a map's elements are one step. */
  readonly steps: Readonly<Record<string, StepLedger>>;
  /** What it may use in all; left out: as much as it takes. */
  readonly budget?: Budget;
  /** What its job asked that it may use at most; `budget` counts it in. */
  readonly askedBudget?: BudgetAmounts;
  /** Where there is a budget: what attempts that have not answered may still cost, by `path#attempt`. */
  readonly reserved?: Readonly<Record<string, Usage>>;
  /** It goes on from what another run left: a call whose output is there already is not made again. */
  readonly continues?: Continuation;
  readonly degraded: readonly string[];
  readonly missing: readonly string[];
  readonly error: RunError | null;
  /** The earliest instant (ms) at which time alone changes something; null before the first decision and after the end. Indexed. */
  readonly dueMs: number | null;
}

/** Where a run that goes on from another one comes from. */
export interface Continuation {
  readonly run: string;
  readonly kind: 'resume' | 'rerun' | 'fork' | 'replay';
  /** Path of the first step that is made again; null: the first that has no output. */
  readonly from: string | null;
  /** The runs that led to `run`, the first one first; left out where there are none. */
  readonly before?: readonly string[];
}

/** An open node. Positions are indices into the compiled flow; the tree of frames mirrors the tree of kernel nodes. */
export type Frame = CallFrame | WaitFrame | SequenceFrame | ChoiceFrame | ScatterFrame;

export interface CallFrame {
  readonly kind: 'call';
  readonly path: string;
  /** The attempt that is open or comes next; attempts count from 1, over all models of the ladder. */
  readonly attempt: number;
  /** Failures that count, of the model at hand. */
  readonly failures: number;
  /** Which model of the step's ladder: 0 is its own. */
  readonly rung: number;
  /** How often the model at hand was asked again for a better output. */
  readonly reasks: number;
  /** The failure for which the step's own model was left. */
  readonly fellFor?: string;
  readonly firstDispatchedAtMs: number;
  readonly withinAtMs: number | null;
  readonly phase: OpenPhase | BackoffPhase | HeldPhase;
}

/** Its request is out: a reply would be accepted. */
export interface OpenPhase {
  readonly name: 'open';
  readonly model: string;
  readonly version: number;
  /** When silence is no longer explained and the same attempt is published again. */
  readonly silentAtMs: number;
  readonly republished: number;
  /** Why the answer will be marked as degraded: it is not the step's own model that was asked. */
  readonly degraded?: Degradation;
  /** What was wrong with the output before. */
  readonly reask?: readonly string[];
  /** Under which its output is kept for the same question. */
  readonly answerKey?: string;
  /** It was given a place in its model's queue, which may be its own until it ends. */
  readonly placed?: true;
}

/** It waits before it is tried again. */
export interface BackoffPhase {
  readonly name: 'backoff';
  readonly retryAtMs: number;
  readonly lastCode: string;
}

/** It may not leave yet; no attempt is under way. */
export interface HeldPhase {
  readonly name: 'held';
  /**
   * limit: the model has as many requests as it takes, or is paused; breaker: every model of the ladder is out of order;
   * answer: another call is getting the same answer; budget: an operator decides; unheard: no worker of its fallback has said yet that
   * it is there.
   */
  readonly why: 'limit' | 'breaker' | 'answer' | 'budget' | 'unheard';
  /** When it looks again by itself; null: somebody tells it. */
  readonly lookAtMs: number | null;
  /** Looks so far: the waits between them grow. */
  readonly looks: number;
  /** limit, unheard: which version of which model it waits for. */
  readonly model?: string;
  readonly version?: number;
  readonly reask?: readonly string[];
}

/** Waits for a signal. */
export interface WaitFrame {
  readonly kind: 'wait';
  readonly path: string;
  readonly sinceMs: number;
  readonly untilMs: number | null;
}

export interface SequenceFrame {
  readonly kind: 'sequence';
  readonly at: number;
  readonly child: Frame;
}

export interface ChoiceFrame {
  readonly kind: 'choice';
  readonly arm: number;
  readonly child: Frame;
}

export interface ScatterFrame {
  readonly kind: 'scatter';
  readonly total: number;
  /** The next branch that has not been started. */
  readonly next: number;
  readonly active: Readonly<Record<string, Frame>>;
  /** Indices of branches that succeeded, as sorted, disjoint, inclusive ranges: small however many there are. */
  readonly succeeded: readonly (readonly [number, number])[];
  /** Code of each branch that failed, by index. */
  readonly failed: Readonly<Record<string, string>>;
  readonly patched: readonly number[];
  readonly withinAtMs: number | null;
}
