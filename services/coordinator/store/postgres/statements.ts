import type { QueryResult, QueryResultRow } from 'pg';

/**
 * Statements are named, so that each connection parses them once. Lists come as arrays, one per column: a batch costs one
 * statement, however many rows it has. Here are those of runs; answers, places, documents and dead letters have their own.
 */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

/** Runs a statement somewhere: in a transaction, or by itself. */
export type Run = <R extends QueryResultRow>(
  statement: Statement,
  values: readonly unknown[],
) => Promise<QueryResult<R>>;

const texts = {
  // In id order, whoever locks: two batches that share runs wait for each other, and never both.
  lockRuns: `SELECT id, number::float8 AS number, record FROM runs WHERE id = ANY ($1::text[]) ORDER BY id FOR UPDATE`,

  readValues: `
    SELECT wanted.run_id, wanted.key, found.value
    FROM unnest($1::text[], $2::text[]) AS wanted (run_id, key)
    CROSS JOIN LATERAL (
      SELECT value FROM run_values
      WHERE run = (SELECT number FROM runs WHERE id = wanted.run_id) AND key = wanted.key
      OFFSET 0
    ) AS found`,

  nextNumbers: `SELECT nextval('run_numbers')::float8 AS first`,

  // All that a transaction writes, in one go. The WHERE of the first part is the guard of terminal states, and of runs that
  // were absent: their number is new, so that a row which another coordinator has made since does not match.
  write: `
    WITH written AS (
      INSERT INTO runs (id, number, flow, status, record)
      SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[])
      ON CONFLICT (id) DO UPDATE SET status = excluded.status, record = excluded.record
      WHERE runs.status IN ('pending', 'running') AND runs.number = excluded.number
      RETURNING id
    ), opened AS (
      INSERT INTO open_runs (id, due_ms, pending_flow)
      SELECT * FROM unnest($6::text[], $7::float8[], $8::text[])
      ON CONFLICT (id) DO UPDATE
      SET due_ms = excluded.due_ms, pending_flow = excluded.pending_flow, taken_by = NULL, taken_until_ms = NULL
      WHERE (open_runs.due_ms, open_runs.pending_flow) IS DISTINCT FROM (excluded.due_ms, excluded.pending_flow)
        OR open_runs.taken_by IS NOT NULL
    ), ended AS (
      DELETE FROM open_runs WHERE id = ANY ($9::text[])
    ), valued AS (
      INSERT INTO run_values (run, key, value)
      SELECT * FROM unnest($10::bigint[], $11::text[], $12::text[])
      ON CONFLICT (run, key) DO UPDATE SET value = excluded.value
    ), recorded AS (
      INSERT INTO history (run, entries) SELECT * FROM unnest($13::bigint[], $14::text[])
    ), published AS (
      DELETE FROM outbox WHERE id = ANY ($15::text[])
    ), leaving AS (
      INSERT INTO outbox
        (id, due_at_ms, run_id, attempt_key, exchange, routing_key, type, correlation_id, headers, body)
      SELECT * FROM unnest($16::text[], $17::float8[], $18::text[], $19::text[], $20::text[], $21::text[],
        $22::text[], $23::text[], $24::text[], $25::bytea[])
      ON CONFLICT (id) DO UPDATE SET
        due_at_ms = excluded.due_at_ms, run_id = excluded.run_id, attempt_key = excluded.attempt_key,
        exchange = excluded.exchange, routing_key = excluded.routing_key, type = excluded.type,
        correlation_id = excluded.correlation_id, headers = excluded.headers, body = excluded.body
    ), marked AS (
      INSERT INTO commits (connection, mark) VALUES ($26, $27)
      ON CONFLICT (connection) DO UPDATE SET mark = excluded.mark, at = now()
    )
    SELECT id FROM written`,

  // Never waits: what somebody else has locked, in either table, is skipped.
  takeDueRuns: `
    WITH due AS MATERIALIZED (
      SELECT open_runs.id, open_runs.due_ms
      FROM open_runs
      CROSS JOIN LATERAL (SELECT 1 FROM runs WHERE runs.id = open_runs.id FOR UPDATE SKIP LOCKED) AS free
      WHERE due_ms <= $1 AND (taken_by IS NULL OR taken_by = $3 OR taken_until_ms <= $1)
      ORDER BY due_ms LIMIT $2
      FOR UPDATE OF open_runs SKIP LOCKED
    ), taken AS (
      UPDATE open_runs SET taken_by = $3, taken_until_ms = $1 + $4
      WHERE id = ANY (ARRAY(SELECT id FROM due))
    )
    SELECT id FROM due ORDER BY due_ms`,

  // What another coordinator has taken is not ours to wait for, unless it does not come back from it.
  nextDueMs: `
    SELECT least(
      (SELECT due_ms FROM open_runs
       WHERE due_ms IS NOT NULL AND (taken_by IS NULL OR taken_by = $1) ORDER BY due_ms LIMIT 1),
      (SELECT CASE WHEN taken_by <> $1 THEN greatest(due_ms, taken_until_ms) ELSE due_ms END FROM open_runs
       WHERE due_ms IS NOT NULL ORDER BY open_runs.due_ms LIMIT 1)
    ) AS due_ms`,

  openRunIds: `SELECT id FROM open_runs WHERE id > $1 ORDER BY id LIMIT $2`,

  pendingRunIds: `SELECT id FROM open_runs WHERE pending_flow = $1 AND id > $2 ORDER BY id LIMIT $3`,

  takeOverdueOutbox: `
    WITH overdue AS MATERIALIZED (
      SELECT id, due_at_ms FROM outbox WHERE due_at_ms <= $1 ORDER BY due_at_ms LIMIT $3 FOR UPDATE SKIP LOCKED
    ), leased AS (
      UPDATE outbox SET due_at_ms = $1 + $2 WHERE id = ANY (ARRAY(SELECT id FROM overdue))
      RETURNING id, run_id, attempt_key, exchange, routing_key, type, correlation_id, headers, body
    )
    SELECT leased.*, (SELECT due_at_ms FROM overdue WHERE overdue.id = leased.id) AS due_at_ms FROM leased`,

  findRun: `SELECT record FROM runs WHERE id = $1`,

  readValue: `
    SELECT value FROM run_values WHERE run = (SELECT number FROM runs WHERE id = $1) AND key = $2`,

  readAllValues: `
    SELECT key, value FROM run_values WHERE run = (SELECT number FROM runs WHERE id = $1) ORDER BY key`,

  readHistory: `
    SELECT entries FROM history WHERE run = (SELECT number FROM runs WHERE id = $1) ORDER BY id`,

  saveFlow: `
    INSERT INTO flows (digest, name, version, document) VALUES ($1, $2, $3, $4)
    ON CONFLICT (digest) DO NOTHING`,

  findFlow: `SELECT digest, name, version, document FROM flows WHERE digest = $1`,

  saveManifest: `
    INSERT INTO manifests (model, version, manifest, seen_at_ms) VALUES ($1, $2, $3, $4)
    ON CONFLICT (model, version) DO UPDATE SET manifest = excluded.manifest, seen_at_ms = excluded.seen_at_ms`,

  clock: `SELECT extract(epoch FROM clock_timestamp())::float8 * 1000 AS ms`,

  manifests: `SELECT model, version, manifest, seen_at_ms FROM manifests ORDER BY model, version`,

  leaveMark: `
    INSERT INTO commits (connection, mark) VALUES ($1, $2)
    ON CONFLICT (connection) DO UPDATE SET mark = excluded.mark, at = now()`,

  // Writing, not reading: it waits for a transaction that may still be committing, and a later one cannot be.
  readMark: `
    INSERT INTO commits (connection, mark) VALUES ($1, 0)
    ON CONFLICT (connection) DO UPDATE SET at = now()
    RETURNING mark`,

  forgetMarks: `DELETE FROM commits WHERE at < now() - interval '1 day'`,
} as const;

export const statements = named(texts);

/** Names each statement after its key; no two of the store have the same. */
export function named<T extends Record<string, string>>(
  some: T,
): { readonly [name in keyof T]: Statement } {
  return Object.fromEntries(Object.entries(some).map(([name, text]) => [name, { name, text }])) as {
    [name in keyof T]: Statement;
  };
}
