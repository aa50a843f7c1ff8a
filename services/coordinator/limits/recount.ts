import { openCalls } from '../engine/open-calls.ts';
import type { Run } from '../engine/run.ts';
import type { Store } from '../store/store.ts';
import type { Counts } from './open-document.ts';

const PAGE = 100;

/**
 * Counts the open requests of all open runs, page by page, while the work goes on. A run counts as it was read, or as this
 * process left it: the higher revision is the later word.
 */
export class Recount {
  readonly #pageSize: number;
  readonly #runs = new Map<string, Pick<Run, 'revision' | 'state'>>();

  constructor(pageSize = PAGE) {
    this.#pageSize = pageSize;
  }

  /** Reads everything; `open` is right from then on, as long as `note` is told. */
  async read(store: Store): Promise<void> {
    const ids: string[] = [];
    for (let after = ''; ; ) {
      const listed = await store.openRunIds(after, this.#pageSize);
      ids.push(...listed);
      const last = listed.at(-1);
      if (listed.length < this.#pageSize || last === undefined) break;
      after = last;
    }
    for (let at = 0; at < ids.length; at += this.#pageSize) {
      const page = ids.slice(at, at + this.#pageSize);
      const runs = await store.transaction((transaction) => transaction.lockRuns(page));
      for (const run of runs.values()) this.note(run);
    }
  }

  /** A run as it was read, or as this process has just left it. */
  note({ id, revision, state }: Pick<Run, 'id' | 'revision' | 'state'>): void {
    const known = this.#runs.get(id);
    if (known === undefined || known.revision <= revision) this.#runs.set(id, { revision, state });
  }

  get open(): Counts {
    const counts = new Map<string, number>();
    for (const run of this.#runs.values()) addOpen(counts, run, 1);
    return Object.fromEntries(counts);
  }
}

/** Adds the open requests of a run to counts by model. */
export function addOpen(counts: Map<string, number>, run: Pick<Run, 'state'>, each: 1 | -1): void {
  for (const { phase } of openCalls(run)) {
    counts.set(phase.model, (counts.get(phase.model) ?? 0) + each);
  }
}
