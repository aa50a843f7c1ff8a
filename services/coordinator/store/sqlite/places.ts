import type { DatabaseSync } from 'node:sqlite';
import { PLACE_UNUSED_MS, WAITING_SHOWN } from '../bounds.ts';
import { type PlaceRecord, placeKeyOf, placeRowOf } from '../rows.ts';
import type { HandOut, PlaceChanges, PlaceKey, PlaceQueue, PlaceRow } from '../store.ts';

/** Places in the queues of models in a SQLite file; `write` and `grant` are part of a transaction. */
export class SqlitePlaces {
  readonly #statements: ReturnType<typeof prepare>;

  constructor(database: DatabaseSync) {
    this.#statements = prepare(database);
  }

  write({ freed, waiting, used }: PlaceChanges): void {
    for (const { runId, path, attempt } of freed) this.#statements.free.run(runId, path, attempt);
    for (const row of waiting) {
      const { runId, path, attempt, model, tenant, priority, sinceMs, tokens } = row;
      this.#statements.join.run(runId, path, attempt, model, tenant, priority, sinceMs, tokens);
    }
    for (const { runId, path, attempt } of used) this.#statements.use.run(runId, path, attempt);
  }

  crowdedModels(beforeMs: number): readonly string[] {
    return this.#statements.crowdedModels.all(beforeMs).map((row) => row['model'] as string);
  }

  grant(model: string, nowMs: number, choose: (queue: PlaceQueue) => HandOut): readonly PlaceKey[] {
    const queue = this.#queue(model);
    const { granted, meter } = choose(queue);
    const told = granted.filter(
      ({ runId, path, attempt }) =>
        this.#statements.grant.run(nowMs, runId, path, attempt, model).changes > 0,
    );
    const unused = this.#statements.takeUnused.all(nowMs, model, nowMs - PLACE_UNUSED_MS);
    this.#statements.writeMeter.run(model, JSON.stringify(meter));
    return [
      ...told.map(({ runId, path, attempt }) => ({ runId, path, attempt })),
      ...(unused as unknown as PlaceRecord[]).map(placeKeyOf),
    ];
  }

  #queue(model: string): PlaceQueue {
    const taken = this.#statements.countTaken.get(model) as { taken: number };
    const known = this.#statements.readMeter.get(model) as { meter: string } | undefined;
    return {
      waiting: this.#waiting(model),
      taken: taken.taken,
      meter: known === undefined ? {} : JSON.parse(known.meter),
    };
  }

  #waiting(model: string): readonly PlaceRow[] {
    const waiting: PlaceRow[] = [];
    let line = { priority: -1, tenant: '' };
    for (;;) {
      const next = this.#statements.nextLine.get(model, line.priority, line.tenant);
      if (next === undefined) return waiting;
      line = next as unknown as typeof line;
      const { priority, tenant } = line;
      const records = this.#statements.readLine.all(model, priority, tenant, WAITING_SHOWN);
      waiting.push(...(records as unknown as PlaceRecord[]).map(placeRowOf));
    }
  }
}

function prepare(database: DatabaseSync) {
  const thisPlace = 'run_id = ? AND path = ? AND attempt = ?';
  return {
    free: database.prepare(`DELETE FROM places WHERE ${thisPlace}`),
    join: database.prepare(
      `REPLACE INTO places (run_id, path, attempt, model, tenant, priority, since_ms, tokens)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    use: database.prepare(
      `UPDATE places SET used = 1 WHERE ${thisPlace} AND granted_at_ms IS NOT NULL`,
    ),
    grant: database.prepare(
      `UPDATE places SET granted_at_ms = ? WHERE ${thisPlace} AND model = ? AND granted_at_ms IS NULL`,
    ),
    takeUnused: database.prepare(
      `UPDATE places SET granted_at_ms = ?
       WHERE granted_at_ms IS NOT NULL AND used = 0 AND model = ? AND granted_at_ms < ?
       RETURNING run_id, path, attempt`,
    ),
    countTaken: database.prepare(
      'SELECT count(*) AS taken FROM places WHERE granted_at_ms IS NOT NULL AND model = ?',
    ),
    nextLine: database.prepare(
      `SELECT priority, tenant FROM places
       WHERE granted_at_ms IS NULL AND model = ? AND (priority, tenant) > (?, ?)
       ORDER BY priority, tenant LIMIT 1`,
    ),
    readLine: database.prepare(
      `SELECT run_id, path, attempt, model, tenant, priority, since_ms, tokens FROM places
       WHERE granted_at_ms IS NULL AND model = ? AND priority = ? AND tenant = ?
       ORDER BY since_ms, number LIMIT ?`,
    ),
    readMeter: database.prepare('SELECT meter FROM meters WHERE model = ?'),
    writeMeter: database.prepare('REPLACE INTO meters (model, meter) VALUES (?, ?)'),
    // From one model to the next, however many calls wait for each.
    crowdedModels: database.prepare(
      `WITH RECURSIVE crowded (model) AS (
         SELECT min(model) FROM places WHERE granted_at_ms IS NULL
         UNION ALL
         SELECT (SELECT min(model) FROM places WHERE granted_at_ms IS NULL AND model > crowded.model)
         FROM crowded WHERE model IS NOT NULL
       )
       SELECT model FROM crowded WHERE model IS NOT NULL
       UNION
       SELECT model FROM places WHERE granted_at_ms IS NOT NULL AND used = 0 AND granted_at_ms < ?
       ORDER BY model`,
    ),
  };
}
