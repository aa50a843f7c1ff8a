import type { BudgetAmounts } from '../../../shared/envelope/budget.ts';
import type { FinalStatus, Outcome, Usage } from '../../../shared/envelope/envelope.ts';
import type { JsonObject, JsonValue } from '../../../shared/envelope/json.ts';
import type { Provenance } from '../../../shared/envelope/provenance.ts';
import type { BreakerPolicy, CompiledFlow } from '../../../shared/flow/kernel.ts';
import type { Run } from './run.ts';

/** What can happen to a run. */
export type RunEvent =
  /** The first event of a run that `newRun` made; also told to a pending run when a model was announced. */
  | { readonly type: 'jobAccepted' }
  | {
      readonly type: 'replyReceived';
      readonly path: string;
      readonly attempt: number;
      /** Whose reply it is: no model answers what another was asked. Left out: the broker gave the request up. */
      readonly model?: string;
      readonly outcome: Outcome;
      readonly output: JsonObject;
      /** The reply's context patch. */
      readonly patch: JsonObject;
    }
  /** Time may have changed something; harmless when it has not. */
  | { readonly type: 'timerDue' }
  | { readonly type: 'cancelled'; readonly reason: string }
  /** A call that was held back by a limit may leave now. */
  | { readonly type: 'slotGranted'; readonly path: string; readonly attempt: number }
  /** An answer for the `wait` node of this path. `by`: who gave it. */
  | {
      readonly type: 'signalled';
      readonly path: string;
      readonly value: JsonValue;
      readonly by: string;
    }
  /** An operator lets a run go on that its budget stopped; what `budget` names replaces what was there. */
  | { readonly type: 'resumed'; readonly budget?: BudgetAmounts }
  /** Open attempts may have been lost with a transport that is not durable: publish them again. */
  | { readonly type: 'transportLost' };

/** What the coordinator knows of a model. */
export interface ModelFacts {
  /** Major versions ever announced, ascending. */
  readonly versions: readonly number[];
  /** Calls that its announced, living workers run at a time; 0 when none is alive. */
  readonly concurrency: number;
  /** Requests open for it across all runs. */
  readonly openRequests: number;
  /** How many more requests of this run may leave now; the others are held. Left out: nothing limits them. */
  readonly room?: number;
  /** An operator has stopped it: its workers take nothing, and what is in its queue stays there. */
  readonly paused?: boolean;
  /** What one version announced beside its name; undefined: it was never announced. */
  readonly contract?: (version: number) => ModelContract | undefined;
}

/** What a version of a model promises. */
export interface ModelContract {
  /** Problems as `/json/pointer sentence`; empty: it fits the announced schema. */
  checkInput(input: JsonObject): readonly string[];
  checkOutput(output: JsonObject): readonly string[];
  /** What a call is expected to use. */
  readonly estimate: Usage;
  /** Its requests say where their input and context came from. */
  readonly provenance?: boolean;
}

/** Whether a model may be called. */
export interface BreakerFacts {
  /** Calls that may leave now: Infinity while it is closed, 0 while it is open, the probes that are left when half open. */
  readonly callable: number;
  /** When it will be tried again; without meaning while it is closed. */
  readonly untilMs: number;
}

/** What is known of an answer that steps share. */
export interface AnswerFacts {
  readonly kept?: {
    readonly output: JsonObject;
    /** What it patched into the context. */
    readonly patch: JsonObject;
    readonly atMs: number;
  };
  /** Another call is getting it, until then at the latest. */
  readonly comingUntilMs?: number;
}

/** All that a decision may depend on beside the run and the event. */
export interface Facts {
  readonly nowMs: number;
  readonly flow: CompiledFlow;
  /** undefined: never announced. */
  model(name: string): ModelFacts | undefined;
  /** Values read so far, by key; a key that is not in the map has not been read, null-ish `absent` means it does not exist. */
  readonly values: ReadonlyMap<string, JsonValue | Absent>;
  /** Left out: every breaker is closed. */
  breaker?(model: string, policy: BreakerPolicy): BreakerFacts;
  /** Shared answers read so far, by their key. */
  readonly answers?: ReadonlyMap<string, AnswerFacts>;
}

/** Marks a key that was looked for and does not exist. */
export const absent = Symbol('absent');
export type Absent = typeof absent;

export type Command =
  | {
      readonly type: 'dispatch';
      readonly path: string;
      readonly attempt: number;
      readonly model: string;
      readonly version: number;
      readonly input: JsonObject;
      readonly context: JsonObject;
      readonly timeoutMs: number;
      readonly deadlineMs: number;
      readonly reask?: readonly string[];
      readonly provenance?: Provenance;
    }
  /** A call has to wait until the model has room for it: `slotGranted` tells when. */
  | {
      readonly type: 'hold';
      readonly path: string;
      readonly attempt: number;
      readonly model: string;
      readonly version: number;
      readonly estimate: Usage;
    }
  /** An attempt is over. abandoned: a worker may still be at it and is told to stop; dropped: it was held and never left. */
  | {
      readonly type: 'endAttempt';
      readonly path: string;
      readonly attempt: number;
      readonly model: string;
      readonly version: number;
      readonly how: 'answered' | 'abandoned' | 'dropped';
      readonly usage?: Usage;
      /** It may have a place in its model's queue, which is free now. */
      readonly placed?: true;
      /** Its request was published again; another one of it may wait for a worker still. */
      readonly copied?: true;
    }
  /** A step whose ladder is spent, for whoever puts it right. */
  | {
      readonly type: 'deadLetter';
      readonly path: string;
      readonly attempt: number;
      /** The model that was asked last. */
      readonly model: string;
      readonly version: number;
      readonly code: string;
      readonly message: string;
      /** What the step was asked; null where that could not be computed. */
      readonly input: JsonObject | null;
    }
  /** This call gets an answer that others may wait for until then. */
  | { readonly type: 'claimAnswer'; readonly key: string; readonly untilMs: number }
  /** Nobody gets it now. */
  | { readonly type: 'releaseAnswer'; readonly key: string }
  /** Keeps an answer for whoever asks the same, and ends the claim on it. */
  | {
      readonly type: 'keepAnswer';
      readonly key: string;
      readonly output: JsonObject;
      readonly patch: JsonObject;
      readonly keepUntilMs: number;
    }
  | {
      readonly type: 'publishResult';
      readonly status: FinalStatus;
      /** The flow's output; null when the run did not succeed. */
      readonly payload: JsonValue;
    };

/** One line of a run's append-only history. */
export interface HistoryEntry {
  readonly type:
    | 'run_accepted'
    | 'run_started'
    | 'run_finished'
    | 'attempt_dispatched'
    | 'attempt_republished'
    | 'reply_accepted'
    | 'reply_late'
    | 'reply_duplicate'
    | 'reply_unknown'
    | 'attempt_timed_out'
    | 'attempt_abandoned'
    | 'retry_scheduled'
    | 'value_written'
    | 'route_taken'
    | 'join_fired'
    | 'branch_failed'
    | 'attempt_held'
    | 'attempt_refused'
    | 'fallback_taken'
    | 'reask_sent'
    | 'answer_reused'
    | 'last_resort_taken'
    | 'step_reused'
    | 'budget_exceeded'
    | 'run_resumed'
    | 'wait_began'
    | 'signal_received'
    | 'signal_refused'
    | 'wait_expired';
  readonly path?: string;
  readonly attempt?: number;
  readonly code?: string;
  readonly message?: string;
  /** Model, usage, waits, branch, …: small facts for the timeline, never a payload. */
  readonly facts?: JsonObject;
}

export type Decision =
  | {
      readonly type: 'decided';
      readonly run: Run;
      /** Values to write, by key. */
      readonly values: ReadonlyMap<string, JsonValue>;
      readonly commands: readonly Command[];
      readonly history: readonly HistoryEntry[];
    }
  /** Nothing was decided: read these keys and shared answers, and ask again with them among the facts. */
  | {
      readonly type: 'needsValues';
      readonly keys: readonly string[];
      readonly answers: readonly string[];
    };

/** The engine: pure and deterministic; it never changes its arguments. */
export type Decide = (run: Run, event: RunEvent, facts: Facts) => Decision;
