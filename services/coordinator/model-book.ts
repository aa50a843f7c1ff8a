import type { ModelFacts } from './engine/decision.ts';
import { openCalls } from './engine/open-calls.ts';
import type { Run } from './engine/run.ts';

/** A worker that has said nothing for three announcements is taken for dead. */
const ALIVE_MS = 45_000;

interface Worker {
  readonly concurrency: number;
  readonly seenAtMs: number;
}

interface Entry {
  versions: readonly number[];
  /** By version and instance. */
  readonly workers: Map<string, Worker>;
}

/** What this coordinator knows of models: versions ever announced, living workers, requests open. */
export class ModelBook {
  readonly #entries = new Map<string, Entry>();
  readonly #openRequests = new Map<string, number>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  get names(): readonly string[] {
    return [...this.#entries.keys()];
  }

  /** A version is known. Answers whether it was not. */
  learn(model: string, version: number): boolean {
    const entry: Entry = this.#entries.get(model) ?? { versions: [], workers: new Map() };
    this.#entries.set(model, entry);
    if (entry.versions.includes(version)) return false;
    entry.versions = [...entry.versions, version].sort((a, b) => a - b);
    return true;
  }

  /** A worker of a known version says that it lives. */
  heard(model: string, version: number, worker: { instance: string; concurrency: number }): void {
    const { instance, concurrency } = worker;
    const seenAtMs = this.#now();
    this.#entries.get(model)?.workers.set(`${version}/${instance}`, { concurrency, seenAtMs });
  }

  versionsOf(model: string): readonly number[] {
    return this.#entries.get(model)?.versions ?? [];
  }

  facts(model: string): ModelFacts | undefined {
    const entry = this.#entries.get(model);
    if (!entry) return undefined;
    return {
      versions: entry.versions,
      concurrency: this.#concurrency(entry),
      // With several coordinators one may count what opens and another what closes; fewer than none would hide a queue.
      openRequests: Math.max(0, this.#openRequests.get(model) ?? 0),
    };
  }

  /** A run went from one committed state to another. Either may be none. */
  count(before: Run | undefined, after: Run | undefined): void {
    if (before?.state) this.#add(before, -1);
    if (after?.state) this.#add(after, 1);
  }

  #add(run: Run, each: 1 | -1): void {
    for (const { phase } of openCalls(run)) {
      this.#openRequests.set(phase.model, (this.#openRequests.get(phase.model) ?? 0) + each);
    }
  }

  #concurrency(entry: Entry): number {
    const aliveSinceMs = this.#now() - ALIVE_MS;
    let sum = 0;
    for (const [key, worker] of entry.workers) {
      if (worker.seenAtMs >= aliveSinceMs) sum += worker.concurrency;
      else entry.workers.delete(key);
    }
    return sum;
  }
}
