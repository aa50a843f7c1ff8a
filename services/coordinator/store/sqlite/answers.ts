import type { DatabaseSync } from 'node:sqlite';
import { RaceLostError } from '../race.ts';
import { type AnswerRecord, firstClaims, sharedAnswerOf } from '../rows.ts';
import type { AnswerChanges, AnswerClaim, SharedAnswer } from '../store.ts';

/** How many rows one transaction forgets: nobody waits long for it. */
const PAGE = 1_000;

/** Shared answers and claims in a SQLite file; every method is part of a transaction. */
export class SqliteAnswers {
  readonly #statements: ReturnType<typeof prepare>;

  constructor(database: DatabaseSync) {
    this.#statements = prepare(database);
  }

  read(keys: readonly string[], nowMs: number): ReadonlyMap<string, SharedAnswer> {
    const found = new Map<string, SharedAnswer>();
    for (const key of keys) {
      const record = this.#statements.read.get({ key, nowMs }) as unknown as AnswerRecord;
      const shared = sharedAnswerOf(record);
      if (shared.answer || shared.claim) found.set(key, shared);
    }
    return found;
  }

  write({ released, kept, claimed }: AnswerChanges): void {
    const statements = this.#statements;
    for (const { key, runId } of released) statements.release.run(key, runId);
    for (const { key, output, atMs, keepUntilMs } of kept) {
      statements.keep.run(key, JSON.stringify(output), atMs, keepUntilMs);
      statements.endClaim.run(key);
    }
    for (const claim of firstClaims(claimed)) this.#claim(claim);
  }

  /** Forgets some; answers whether there may be more. */
  forget(nowMs: number): boolean {
    const answers = this.#statements.forgetAnswers.run(nowMs).changes;
    const claims = this.#statements.forgetClaims.run(nowMs).changes;
    return answers === PAGE || claims === PAGE;
  }

  #claim({ key, runId, sinceMs, untilMs }: AnswerClaim): void {
    if (this.#statements.claim.run(key, runId, sinceMs, untilMs).changes === 0) {
      throw new RaceLostError();
    }
  }
}

function prepare(database: DatabaseSync) {
  return {
    read: database.prepare(
      `SELECT wanted.key, output, at_ms, keep_until_ms, run_id, since_ms, until_ms
       FROM (SELECT :key AS key) AS wanted
       LEFT JOIN answers ON answers.key = wanted.key AND keep_until_ms > :nowMs
       LEFT JOIN answer_claims ON answer_claims.key = wanted.key AND until_ms > :nowMs`,
    ),
    release: database.prepare('DELETE FROM answer_claims WHERE key = ? AND run_id = ?'),
    keep: database.prepare(
      'REPLACE INTO answers (key, output, at_ms, keep_until_ms) VALUES (?, ?, ?, ?)',
    ),
    endClaim: database.prepare('DELETE FROM answer_claims WHERE key = ?'),
    claim: database.prepare(
      `INSERT INTO answer_claims (key, run_id, since_ms, until_ms) VALUES (?, ?, ?, ?)
       ON CONFLICT (key) DO UPDATE
       SET run_id = excluded.run_id, since_ms = excluded.since_ms, until_ms = excluded.until_ms
       WHERE run_id = excluded.run_id OR until_ms <= excluded.since_ms`,
    ),
    forgetAnswers: database.prepare(
      `DELETE FROM answers
       WHERE key IN (SELECT key FROM answers WHERE keep_until_ms <= ? ORDER BY keep_until_ms LIMIT ${PAGE})`,
    ),
    forgetClaims: database.prepare(
      `DELETE FROM answer_claims
       WHERE key IN (SELECT key FROM answer_claims WHERE until_ms <= ? ORDER BY until_ms LIMIT ${PAGE})`,
    ),
  };
}
