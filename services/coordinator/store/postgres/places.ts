import { PLACE_UNUSED_MS, WAITING_SHOWN } from '../bounds.ts';
import { RaceLostError } from '../race.ts';
import { type PlaceRecord, placeKeyOf, placeRowOf } from '../rows.ts';
import type { HandOut, PlaceChanges, PlaceKey, PlaceQueue } from '../store.ts';
import { named, type Run } from './statements.ts';
import { latestBy } from './writes.ts';

/**
 * Places in the queues of models:
 * 1. A run's places are changed only by who has locked the run, so that writers never wait for each other.
 * 2. Places are handed out only by who has locked the model's meter. What a writer is changing meanwhile is left out.
 */
const statements = named({
  writePlaces: `
    WITH freed AS (
      DELETE FROM places USING unnest($1::text[], $2::text[], $3::int[]) AS gone (run_id, path, attempt)
      WHERE (places.run_id, places.path, places.attempt) = (gone.run_id, gone.path, gone.attempt)
    ), used AS (
      UPDATE places SET used = true
      FROM unnest($4::text[], $5::text[], $6::int[]) AS leaving (run_id, path, attempt)
      WHERE (places.run_id, places.path, places.attempt) = (leaving.run_id, leaving.path, leaving.attempt)
        AND granted_at_ms IS NOT NULL
    )
    INSERT INTO places (run_id, path, attempt, model, tenant, priority, since_ms, tokens)
    SELECT * FROM unnest($7::text[], $8::text[], $9::int[], $10::text[], $11::text[], $12::int[],
      $13::float8[], $14::float8[])
    ON CONFLICT (run_id, path, attempt) DO UPDATE SET
      number = excluded.number, model = excluded.model, tenant = excluded.tenant, priority = excluded.priority,
      since_ms = excluded.since_ms, tokens = excluded.tokens, granted_at_ms = NULL, used = false`,

  // From one model to the next, however many calls wait for each.
  crowdedModels: `
    WITH RECURSIVE crowded (model) AS (
      (SELECT model FROM places WHERE granted_at_ms IS NULL ORDER BY model LIMIT 1)
      UNION ALL
      SELECT (
        SELECT places.model FROM places
        WHERE granted_at_ms IS NULL AND places.model > crowded.model ORDER BY places.model LIMIT 1
      )
      FROM crowded WHERE model IS NOT NULL
    )
    SELECT model FROM crowded WHERE model IS NOT NULL
    UNION
    SELECT model FROM places WHERE granted_at_ms IS NOT NULL AND NOT used AND granted_at_ms < $1`,

  lockMeter: `SELECT meter FROM meters WHERE model = $1 FOR UPDATE`,

  makeMeter: `INSERT INTO meters (model, meter) VALUES ($1, '{}') ON CONFLICT DO NOTHING RETURNING meter`,

  countTaken: `SELECT count(*)::float8 AS taken FROM places WHERE granted_at_ms IS NOT NULL AND model = $1`,

  // From one tenant and priority to the next, however many calls of each wait.
  readWaiting: `
    WITH RECURSIVE lines AS (
      (
        SELECT priority, tenant FROM places WHERE granted_at_ms IS NULL AND model = $1
        ORDER BY priority, tenant LIMIT 1
      )
      UNION ALL
      SELECT next.priority, next.tenant FROM lines CROSS JOIN LATERAL (
        SELECT places.priority, places.tenant FROM places
        WHERE granted_at_ms IS NULL AND model = $1 AND (places.priority, places.tenant) > (lines.priority, lines.tenant)
        ORDER BY places.priority, places.tenant LIMIT 1
      ) AS next
    )
    SELECT waiting.* FROM lines CROSS JOIN LATERAL (
      SELECT run_id, path, attempt, model, places.tenant, places.priority, since_ms, tokens FROM places
      WHERE granted_at_ms IS NULL AND model = $1
        AND places.priority = lines.priority AND places.tenant = lines.tenant
      ORDER BY since_ms, number LIMIT $2
    ) AS waiting`,

  grantPlaces: `
    WITH chosen AS MATERIALIZED (
      SELECT wanted.* FROM unnest($2::text[], $3::text[], $4::int[]) AS wanted (run_id, path, attempt)
      CROSS JOIN LATERAL (
        SELECT model, granted_at_ms FROM places
        WHERE (places.run_id, places.path, places.attempt) = (wanted.run_id, wanted.path, wanted.attempt)
        OFFSET 0 FOR UPDATE SKIP LOCKED
      ) AS free
      WHERE granted_at_ms IS NULL AND model = $1
    ), unused AS MATERIALIZED (
      SELECT run_id, path, attempt FROM places
      WHERE granted_at_ms IS NOT NULL AND NOT used AND granted_at_ms < $6 AND model = $1
      FOR UPDATE SKIP LOCKED
    ), told AS (
      UPDATE places SET granted_at_ms = $5
      FROM (SELECT * FROM chosen UNION ALL SELECT * FROM unused) AS named
      WHERE (places.run_id, places.path, places.attempt) = (named.run_id, named.path, named.attempt)
      RETURNING places.run_id, places.path, places.attempt
    ), metered AS (
      UPDATE meters SET meter = $7 WHERE model = $1
    )
    SELECT run_id, path, attempt FROM told`,
});

/** Only in a transaction. */
export async function writePlaces(run: Run, changes: PlaceChanges): Promise<void> {
  const joining = latestBy(changes.waiting, keyOf);
  const joins = new Set(joining.map(keyOf));
  // One statement changes a row once: what joins anew is not freed before, what is freed is not used.
  const freed = changes.freed.filter((key) => !joins.has(keyOf(key)));
  const gone = new Set([...joins, ...freed.map(keyOf)]);
  const used = changes.used.filter((key) => !gone.has(keyOf(key)));
  if (freed.length + used.length + joining.length === 0) return;
  await run(statements.writePlaces, [
    ...keyColumns(freed),
    ...keyColumns(used),
    ...keyColumns(joining),
    joining.map(({ model }) => model),
    joining.map(({ tenant }) => tenant),
    joining.map(({ priority }) => priority),
    joining.map(({ sinceMs }) => sinceMs),
    joining.map(({ tokens }) => tokens),
  ]);
}

export async function crowdedModels(run: Run, beforeMs: number): Promise<readonly string[]> {
  const { rows } = await run<{ model: string }>(statements.crowdedModels, [beforeMs]);
  return rows.map(({ model }) => model).sort();
}

/** Only in a transaction. */
export async function grantPlaces(
  run: Run,
  model: string,
  nowMs: number,
  choose: (queue: PlaceQueue) => HandOut,
): Promise<readonly PlaceKey[]> {
  const meter = await lockMeter(run, model);
  // Asked for once the lock is there: what the hand-out before this one did is seen.
  const [counted, waiting] = await Promise.all([
    run<{ taken: number }>(statements.countTaken, [model]),
    run<PlaceRecord>(statements.readWaiting, [model, WAITING_SHOWN]),
  ]);
  const chosen = choose({
    waiting: waiting.rows.map(placeRowOf),
    taken: counted.rows[0]?.taken ?? 0,
    meter: JSON.parse(meter),
  });
  const { rows } = await run<PlaceRecord>(statements.grantPlaces, [
    model,
    ...keyColumns(latestBy(chosen.granted, keyOf)),
    nowMs,
    nowMs - PLACE_UNUSED_MS,
    JSON.stringify(chosen.meter),
  ]);
  return rows.map(placeKeyOf);
}

async function lockMeter(run: Run, model: string): Promise<string> {
  const { rows } = await run<{ meter: string }>(statements.lockMeter, [model]);
  if (rows[0]) return rows[0].meter;
  const made = await run<{ meter: string }>(statements.makeMeter, [model]);
  if (made.rows[0]) return made.rows[0].meter;
  throw new RaceLostError();
}

function keyOf({ runId, path, attempt }: PlaceKey): string {
  return `${runId} ${path}#${attempt}`;
}

function keyColumns(keys: readonly PlaceKey[]): readonly unknown[][] {
  return [
    keys.map(({ runId }) => runId),
    keys.map(({ path }) => path),
    keys.map(({ attempt }) => attempt),
  ];
}
