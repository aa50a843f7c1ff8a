import type { Artifacts } from '../artifacts/artifact-store.ts';
import type { BudgetAmounts } from '../envelope/budget.ts';
import type { JsonObject } from '../envelope/json.ts';
import type { Priority } from '../envelope/priority.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Transport } from '../transport/transport.ts';
import type { Upload } from './client-artifacts.ts';

export interface ClientOptions {
  /** Memory or AMQP; it stays the caller's to close. Its `userId` is the client's name, where there is no API key. */
  readonly transport: Transport;
  /** Shown with each job and operation; the client is whom it names. */
  readonly apiKey?: string;
  readonly logger?: Logger;
  /**
   * The artifacts of the fleet, for large values; the store stays the caller's to close. Without it a job may have 256 KiB in all,
   * and what results refer to cannot be opened.
   */
  readonly artifacts?: Artifacts;
  /** The tenant that the coordinators know this client by: ids of its runs are derived from it. Default: `default`. */
  readonly tenant?: string;
}

export interface SubmitOptions {
  /** Further members of the payload, by name: files that are uploaded in pieces. Needs a store. */
  readonly files?: Readonly<Record<string, Upload>>;
  /** The job's id: 1 to 64 letters, digits, `_` and `-`. The same id with the same job is the same run. Default: a new one. */
  readonly id?: string;
  /** How long the run may take, in milliseconds from now. Default: what the flow says. */
  readonly deadlineMs?: number;
  /** What later models may need beside the payload. */
  readonly context?: JsonObject;
  /** True: `onProgress` hears of this run. */
  readonly watch?: boolean;
  /** Version of the flow. Default: the newest. */
  readonly flowVersion?: number;
  /** What the run may use in all; the smaller of it and the flow's budget holds. Default: the flow's. */
  readonly budget?: BudgetAmounts;
  /**
   * How urgent the job is among others that wait for the same model, as far as the client may go: a result says what it got where that is
   * less. Default: normal.
   */
  readonly priority?: Priority;
  /** W3C trace context that the run continues. */
  readonly traceparent?: string;
}

export interface WaitOptions {
  /** Longest wait, in milliseconds. */
  readonly timeoutMs?: number;
}

/** A job that the broker has taken. */
export interface Submitted {
  /** The job's id. */
  readonly id: string;
  /** The run that it becomes. */
  readonly run: string;
}
