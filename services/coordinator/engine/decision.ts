import type { FinalStatus, Outcome } from '../../../shared/envelope/envelope.ts';
import type { JsonObject, JsonValue } from '../../../shared/envelope/json.ts';
import type { CompiledFlow } from '../../../shared/flow/kernel.ts';
import type { Run } from './run.ts';

/** What can happen to a run. */
export type RunEvent =
  /** The first event of a run that `newRun` made; also told to a pending run when a model was announced. */
  | { readonly type: 'jobAccepted' }
  | {
      readonly type: 'replyReceived';
      readonly path: string;
      readonly attempt: number;
      readonly outcome: Outcome;
      readonly output: JsonObject;
      /** The reply's context patch. */
      readonly patch: JsonObject;
    }
  /** Time may have changed something; harmless when it has not. */
  | { readonly type: 'timerDue' }
  | { readonly type: 'cancelled'; readonly reason: string }
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
}

/** All that a decision may depend on beside the run and the event. */
export interface Facts {
  readonly nowMs: number;
  readonly flow: CompiledFlow;
  /** undefined: never announced. */
  model(name: string): ModelFacts | undefined;
  /** Values read so far, by key; a key that is not in the map has not been read, null-ish `absent` means it does not exist. */
  readonly values: ReadonlyMap<string, JsonValue | Absent>;
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
    | 'branch_failed';
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
  /** Nothing was decided: read these keys and ask again with them among the facts. */
  | { readonly type: 'needsValues'; readonly keys: readonly string[] };

/** The engine: pure and deterministic; it never changes its arguments. */
export type Decide = (run: Run, event: RunEvent, facts: Facts) => Decision;
