import { type AnswerRecord, firstClaims, sharedAnswerOf } from '../rows.ts';
import type { AnswerChanges, AnswerClaim, SharedAnswer } from '../store.ts';
import { named, type Run } from './statements.ts';
import { latestBy } from './writes.ts';

/** How many rows one statement forgets. */
const PAGE = 1_000;

const statements = named({
  readAnswers: `
    SELECT wanted.key, output, at_ms, keep_until_ms, run_id, since_ms, until_ms
    FROM unnest($1::text[]) AS wanted (key)
    LEFT JOIN answers ON answers.key = wanted.key AND keep_until_ms > $2
    LEFT JOIN answer_claims ON answer_claims.key = wanted.key AND until_ms > $2`,

  keepAnswers: `
    WITH released AS (
      DELETE FROM answer_claims USING unnest($1::text[], $2::text[]) AS given_up (key, run_id)
      WHERE answer_claims.key = given_up.key AND answer_claims.run_id = given_up.run_id
    ), ended AS (
      DELETE FROM answer_claims WHERE key = ANY ($3::text[])
    )
    INSERT INTO answers (key, output, at_ms, keep_until_ms)
    SELECT * FROM unnest($3::text[], $4::text[], $5::float8[], $6::float8[])
    ON CONFLICT (key) DO UPDATE
    SET output = excluded.output, at_ms = excluded.at_ms, keep_until_ms = excluded.keep_until_ms`,

  // Waits for another transaction that is claiming the same, and answers only the keys that are ours then.
  claimAnswers: `
    INSERT INTO answer_claims (key, run_id, since_ms, until_ms)
    SELECT * FROM unnest($1::text[], $2::text[], $3::float8[], $4::float8[])
    ON CONFLICT (key) DO UPDATE
    SET run_id = excluded.run_id, since_ms = excluded.since_ms, until_ms = excluded.until_ms
    WHERE answer_claims.run_id = excluded.run_id OR answer_claims.until_ms <= excluded.since_ms
    RETURNING key`,

  forgetAnswers: `
    WITH useless AS MATERIALIZED (
      SELECT key FROM answers WHERE keep_until_ms <= $1 ORDER BY keep_until_ms LIMIT $2 FOR UPDATE SKIP LOCKED
    )
    DELETE FROM answers WHERE key = ANY (ARRAY(SELECT key FROM useless))`,

  forgetClaims: `
    WITH over AS MATERIALIZED (
      SELECT key FROM answer_claims WHERE until_ms <= $1 ORDER BY until_ms LIMIT $2 FOR UPDATE SKIP LOCKED
    )
    DELETE FROM answer_claims WHERE key = ANY (ARRAY(SELECT key FROM over))`,
});

export async function readAnswers(
  run: Run,
  keys: readonly string[],
  nowMs: number,
): Promise<ReadonlyMap<string, SharedAnswer>> {
  if (keys.length === 0) return new Map();
  const { rows } = await run<AnswerRecord>(statements.readAnswers, [keys, nowMs]);
  const known = rows.map((row) => [row.key, sharedAnswerOf(row)] as const);
  return new Map(known.filter(([, { answer, claim }]) => answer !== null || claim !== null));
}

/** Statements that do not wait for each other; answers whether every claim was made. Only in a transaction. */
export async function writeAnswers(
  run: Run,
  { released, kept, claimed }: AnswerChanges,
): Promise<boolean> {
  const [, claimedAll] = await Promise.all([
    keep(run, { released, kept }),
    claim(run, firstClaims(claimed)),
  ]);
  return claimedAll;
}

async function claim(run: Run, claims: readonly AnswerClaim[]): Promise<boolean> {
  if (claims.length === 0) return true;
  const { rows } = await run(statements.claimAnswers, [
    claims.map(({ key }) => key),
    claims.map(({ runId }) => runId),
    claims.map(({ sinceMs }) => sinceMs),
    claims.map(({ untilMs }) => untilMs),
  ]);
  return rows.length === claims.length;
}

async function keep(
  run: Run,
  { released, kept }: Pick<AnswerChanges, 'released' | 'kept'>,
): Promise<void> {
  if (released.length + kept.length === 0) return;
  const latest = latestBy(kept, ({ key }) => key).toSorted((one, other) =>
    one.key < other.key ? -1 : 1,
  );
  await run(statements.keepAnswers, [
    released.map(({ key }) => key),
    released.map(({ runId }) => runId),
    latest.map(({ key }) => key),
    latest.map(({ output }) => JSON.stringify(output)),
    latest.map(({ atMs }) => atMs),
    latest.map(({ keepUntilMs }) => keepUntilMs),
  ]);
}

export async function forgetAnswers(run: Run, nowMs: number): Promise<void> {
  for (const statement of [statements.forgetAnswers, statements.forgetClaims]) {
    let forgotten = PAGE;
    while (forgotten === PAGE) forgotten = (await run(statement, [nowMs, PAGE])).rowCount ?? 0;
  }
}
