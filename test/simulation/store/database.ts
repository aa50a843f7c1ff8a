import {
  type Changes,
  type Store,
  StoreUnavailableError,
} from '../../../services/coordinator/store/store.ts';
import type { World } from '../world/world.ts';

/** The database that all coordinators of a simulated fleet share: it survives them, and may be away. */
export class SimulatedDatabase {
  readonly store: Store;
  readonly world: World;
  readonly #finals = new Map<string, string>();
  readonly #outbox = new Set<string>();
  #awayUntilMs = 0;

  constructor(world: World, store: Store) {
    this.world = world;
    this.store = store;
  }

  /** Nobody can use it for a while. */
  goAway(forMs: number): void {
    this.world.trace.write('database', `away for ${forMs.toFixed(0)} ms`);
    this.#awayUntilMs = this.world.clock.elapsedMs + forMs;
  }

  heal(): void {
    this.#awayUntilMs = 0;
  }

  /** Throws StoreUnavailableError while it is away, and now and then. */
  assertAvailable(): void {
    const { clock, chance } = this.world;
    if (clock.elapsedMs < this.#awayUntilMs)
      throw new StoreUnavailableError('The database is away.');
    if (chance.happens('storeFault')) throw new StoreUnavailableError('The connection broke.');
  }

  /** Ids of messages that have to leave. */
  get outbox(): ReadonlySet<string> {
    return this.#outbox;
  }

  /** Looks at what was committed: a run that has ended never changes. */
  committed(who: string, changes: Changes): void {
    const { runs, history, outbox, published } = changes;
    for (const id of this.world.durability.committed(changes)) {
      this.world.violations.push(`I8 ${who} forgot ${id} before it was confirmed`);
    }
    const { trace, violations } = this.world;
    for (const run of runs) {
      trace.write(who, `commit ${run.id} ${run.status}`);
      const final = this.#finals.get(run.id);
      if (final !== undefined) violations.push(`${run.id} was ${final} and was written again`);
      if (run.finishedAtMs !== null) this.#finals.set(run.id, run.status);
    }
    for (const { runId, type, path = '', attempt = '', code = '' } of history) {
      trace.write(who, `history ${runId} ${type} ${path}#${attempt} ${code}`);
    }
    for (const { path, attempt, model } of changes.places?.waiting ?? []) {
      trace.write(who, `waits for ${model} ${path}#${attempt}`);
    }
    for (const { key, runId } of changes.answers?.claimed ?? []) {
      trace.write(who, `claim ${runId} ${key}`);
    }
    // A row that is written again in the same transaction stays.
    for (const id of published) this.#outbox.delete(id);
    for (const { id, type } of outbox) {
      trace.write(who, `outbox ${type} ${id}`);
      this.#outbox.add(id);
    }
  }
}
