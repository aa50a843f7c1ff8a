import type { HistoryLine } from '../terminal/run-view.ts';

type Listener = (line: HistoryLine) => void;

/** Hands each run's history to whoever follows the run; what comes before its run is followed is kept until then. */
export class RunHistory {
  readonly #listeners = new Map<string, Listener>();
  readonly #early = new Map<string, HistoryLine[]>();

  /** For `onHistory` of a fleet. */
  readonly heard = (lines: readonly HistoryLine[]): void => {
    for (const line of lines) {
      const listener = this.#listeners.get(line.runId);
      if (listener !== undefined) listener(line);
      else this.#early.set(line.runId, [...(this.#early.get(line.runId) ?? []), line]);
    }
  };

  follow(runId: string, listener: Listener): void {
    this.#listeners.set(runId, listener);
    for (const line of this.#early.get(runId) ?? []) listener(line);
    this.#early.delete(runId);
  }
}
