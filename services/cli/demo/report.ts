import type { Result } from '../../../shared/envelope/envelope.ts';
import type { HistoryLine } from '../terminal/run-view.ts';

/** A job as it is shown. */
export interface ShownJob {
  readonly flow: string;
  /** What it is about, on one line. */
  readonly title: string;
}

export interface Opening {
  readonly models: number;
  readonly jobs: readonly ShownJob[];
}

export interface Summary {
  readonly runs: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly modelCalls: number;
  readonly ms: number;
}

/** Tells a person or a program how the jobs of a demonstration go. */
export interface Report {
  begin(opening: Opening): void;
  /** One more model is loaded. */
  modelLoaded(): void;
  /** All models are loaded. */
  ready(ms: number): void;
  history(job: ShownJob, line: HistoryLine): void;
  finished(job: ShownJob, result: Result): void;
  end(summary: Summary): void;
  /** Gives the terminal back; nothing is told afterwards. Idempotent. */
  close(): void;
}
