import { TRACEPARENT_HEADER, TRACESTATE_HEADER } from '../telemetry/trace-headers.ts';

/**
 * Every message header of Flotilla, by name: who writes it, and how far it travels. A missing header means its default.
 * The tenant is never a header: it comes from the verified sender.
 */
export const header = {
  /** Signed token of the message. Written by whoever publishes; never copied. Default: none (development). */
  token: 'flotilla-token',
  /** What a client is known by where neither token nor broker says who it is. Client on jobs and operations; never copied. */
  apiKey: 'flotilla-api-key',
  /** Major version of the envelope schema, a positive integer. Any publisher; not written while it is 1, the default. */
  schemaVersion: 'flotilla-schema-version',
  /** ISO 8601 instant at which the run must have ended. Client on a job; the coordinator copies it. Default: the flow's. */
  deadline: 'flotilla-deadline',
  /** 0 (background) to 2 (urgent); a wish, capped by the client's key. Client on a job. Default: 1. */
  priority: 'flotilla-priority',
  /** Version of the flow that a job asks for. Client on a job. Default: the newest. */
  flowVersion: 'flotilla-flow-version',
  /**
   * What the job's run may use, such as `calls=10,usd=0.05` (also `seconds`, `tokens`); the smaller of it and the flow's budget holds.
   * Client on a job. Default: the flow's.
   */
  budget: 'flotilla-budget',
  /** "true": somebody wants this run's progress. Client on a job; the coordinator copies it to requests. Default: false. */
  watch: 'flotilla-watch',
  /** Why a message was parked: a code. Written by whoever parks it in `flotilla.dead`. */
  reason: 'flotilla-reason',
  /** The sentence that goes with `reason`. */
  reasonMessage: 'flotilla-reason-message',
  /** W3C trace context: every publisher. */
  traceparent: TRACEPARENT_HEADER,
  tracestate: TRACESTATE_HEADER,
} as const;

/** The envelope schema version this build writes and the newest it reads. */
export const SCHEMA_VERSION = 1;
