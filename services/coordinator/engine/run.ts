import type { FinalStatus, RunError, Usage } from '../../../shared/envelope/envelope.ts';

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
  /** Attempts that ended without their reply (timed out, abandoned), as `path#attempt`: a late reply's usage still counts, once. */
  readonly closed: readonly string[];
  readonly usage: Usage;
  readonly degraded: readonly string[];
  readonly missing: readonly string[];
  readonly error: RunError | null;
  /** The earliest instant (ms) at which time alone changes something; null before the first decision and after the end. Indexed. */
  readonly dueMs: number | null;
}

/** An open node. Positions are indices into the compiled flow; the tree of frames mirrors the tree of kernel nodes. */
export type Frame = CallFrame | SequenceFrame | ChoiceFrame | ScatterFrame;

export interface CallFrame {
  readonly kind: 'call';
  readonly path: string;
  /** The attempt that is open or comes next; attempts count from 1. */
  readonly attempt: number;
  readonly failures: number;
  readonly firstDispatchedAtMs: number;
  readonly withinAtMs: number | null;
  readonly phase:
    | {
        readonly name: 'open';
        readonly model: string;
        readonly version: number;
        /** When silence is no longer explained and the same attempt is published again. */
        readonly silentAtMs: number;
        readonly republished: number;
      }
    | { readonly name: 'backoff'; readonly retryAtMs: number; readonly lastCode: string };
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
