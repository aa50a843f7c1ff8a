import type { Upload } from '../../../shared/client/client-artifacts.ts';
import type { BudgetAmounts } from '../../../shared/envelope/budget.ts';
import type { JsonObject } from '../../../shared/envelope/json.ts';
import type { Priority } from '../../../shared/envelope/priority.ts';

/** One job as the command line asks for it. */
export interface AskedJob {
  /** Name of a flow, or a flow file. */
  readonly flow: string;
  readonly payload: JsonObject;
  /** Further members of the payload, which are uploaded. */
  readonly files: Readonly<Record<string, Upload>>;
  /** Where the output is written to, beside being shown. */
  readonly out?: string;
  /** What the run may use at most. Default: what the flow says. */
  readonly budget?: BudgetAmounts;
  /** How urgent it is. Default: normal. */
  readonly priority?: Priority;
  /** Longest time the run may take. Default: what the flow says. */
  readonly timeoutMs?: number;
}

/** A run says itself that its time is over; only when nobody is there to say so, the wait ends, this much later. */
export const PATIENCE_MS = 5_000;
