import type { JsonValue } from '../../../shared/envelope/json.ts';

/** What the processes write down; every file has one JSON object per line. `at` is milliseconds since 1970. */

/** The ledger: `planned` before a job is submitted, `accepted` once the broker has confirmed it. */
export interface LedgerLine {
  readonly job: string;
  readonly run: string;
  readonly number: number;
  readonly what: 'planned' | 'accepted';
  readonly at: number;
}

/** A result as the client library handed it over. */
export interface ResultLine {
  readonly job: string;
  readonly run: string;
  readonly status: string;
  readonly payload: JsonValue;
  readonly code?: string;
  readonly at: number;
}

/** A result message as it came by on the results exchange; the same one may come by more than once. */
export interface HeardLine {
  readonly run: string;
  /** SHA-256 of the body. */
  readonly digest: string;
}

/** One call of a model: when it began, and when it ended; a call that a kill cut short has no end. */
export interface CallLine {
  readonly what: 'began' | 'ended';
  /** Of this call alone: an attempt may be called more than once. */
  readonly call: string;
  readonly run: string;
  readonly path: string;
  readonly attempt: number;
  readonly model: string;
  readonly at: number;
}

/** A fault of the nemesis: from when to when. */
export interface FaultLine {
  readonly fault: string;
  readonly at: number;
  readonly endedAt: number;
  /** How long after its end (for a kill: after itself) the next result came; null: none came within the wait. */
  readonly recoveredMs: number | null;
}
