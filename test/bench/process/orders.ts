import type { JsonObject } from '../../../shared/envelope/json.ts';
import type { LoadFigures } from '../load.ts';
import type { ScenarioName } from '../scenarios.ts';

/** What the benchmark asks the processes of a system to do, and what they answer. */
export type Order =
  /** Any process: what it has used since it began. */
  | { readonly type: 'usage' }
  /** A client: run jobs and time each from submit to result. */
  | {
      readonly type: 'load';
      readonly scenario: ScenarioName;
      readonly jobs: number;
      readonly inFlight: number;
    }
  /** A client of the fleet: submit jobs and wait for none. */
  | {
      readonly type: 'submit';
      readonly flow: string;
      readonly payload: JsonObject;
      readonly jobs: number;
    };

export interface Question {
  readonly id: number;
  readonly order: Order;
}

/** What a coordinator has written. */
export interface Counts {
  /** Transactions that wrote something of a run. */
  readonly transactions: number;
  /** Jobs and replies in them. */
  readonly tasks: number;
  /** Runs. */
  readonly accepted: number;
  readonly succeeded: number;
}

/** What a process has used since it began. */
export interface Usage {
  readonly cpuMs: number;
  readonly residentBytes: number;
  readonly peakBytes: number;
  readonly counts: Counts | null;
}

export type Answer =
  | { readonly id: number; readonly answer: Usage | LoadFigures | null }
  | { readonly id: number; readonly error: string };
