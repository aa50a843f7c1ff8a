import type { Run } from '../../engine/run.ts';

/** A run and the running number of its row. */
export interface NumberedRun {
  readonly number: number;
  readonly run: Run;
}

/** Open runs kept, by the length of their records: some thousand chains. */
const MAX_CHARACTERS = 8 * 1024 * 1024;

/**
 * Open runs as they were committed last, so that a run which goes on is not read back: the file has one writer. The run that
 * was used longest ago goes first.
 */
export class RunCache {
  readonly #runs = new Map<string, NumberedRun & { readonly characters: number }>();
  #characters = 0;

  get(id: string): NumberedRun | undefined {
    return this.#runs.get(id);
  }

  /** After the commit: the run as its record says it. One that has ended is not kept. */
  committed(number: number, run: Run, characters: number): void {
    this.#forget(run.id);
    if (run.finishedAtMs !== null) return;
    this.#runs.set(run.id, { number, run, characters });
    this.#characters += characters;
    for (const oldest of this.#runs.keys()) {
      if (this.#characters <= MAX_CHARACTERS) return;
      this.#forget(oldest);
    }
  }

  /** Rows were changed that nobody named. */
  clear(): void {
    this.#runs.clear();
    this.#characters = 0;
  }

  #forget(id: string): void {
    this.#characters -= this.#runs.get(id)?.characters ?? 0;
    this.#runs.delete(id);
  }
}
