import type { ModelLimits } from '../../shared/envelope/manifest.ts';
import type { ModelFacts } from './engine/decision.ts';
import type { AnnouncedContract } from './model-contract.ts';

/** A worker that has said nothing for three announcements is taken for dead. */
const ALIVE_MS = 45_000;

const noLimits: ModelLimits = {};

interface Worker {
  readonly concurrency: number;
  readonly seenAtMs: number;
}

interface Entry {
  versions: readonly number[];
  readonly contracts: Map<number, AnnouncedContract>;
  /** By version and instance. */
  readonly workers: Map<string, Worker>;
}

/** What this coordinator knows of models: versions ever announced and what they promise, living workers, who is paused. */
export class ModelBook {
  readonly #entries = new Map<string, Entry>();
  readonly #paused = new Set<string>();
  readonly #now: () => number;
  readonly #openRequests: (model: string) => number;

  /** `openRequests`: how many requests are open for a model. */
  constructor(now: () => number, openRequests: (model: string) => number = () => 0) {
    this.#now = now;
    this.#openRequests = openRequests;
  }

  get names(): readonly string[] {
    return [...this.#entries.keys()];
  }

  /** A version is known, and what it promises as it was announced last. Answers whether it was not known. */
  learn(model: string, version: number, contract?: AnnouncedContract): boolean {
    const entry: Entry = this.#entries.get(model) ?? {
      versions: [],
      contracts: new Map(),
      workers: new Map(),
    };
    this.#entries.set(model, entry);
    if (contract !== undefined) entry.contracts.set(version, contract);
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
      openRequests: this.#openRequests(model),
      paused: this.#paused.has(model),
      contract: (version) => entry.contracts.get(version),
    };
  }

  /** What the newest version announced of its limits. */
  limitsOf(model: string): ModelLimits {
    const entry = this.#entries.get(model);
    const newest = entry?.versions.at(-1);
    return (newest !== undefined && entry?.contracts.get(newest)?.limits) || noLimits;
  }

  /** Calls that its living workers run at a time. */
  concurrencyOf(model: string): number {
    const entry = this.#entries.get(model);
    return entry === undefined ? 0 : this.#concurrency(entry);
  }

  /** How many of its workers live. */
  workersOf(model: string): number {
    const entry = this.#entries.get(model);
    if (!entry) return 0;
    this.#concurrency(entry);
    return entry.workers.size;
  }

  /** Whether an operator has stopped it. */
  isPaused(model: string): boolean {
    return this.#paused.has(model);
  }

  setPaused(model: string, paused: boolean): void {
    if (paused) this.#paused.add(model);
    else this.#paused.delete(model);
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
