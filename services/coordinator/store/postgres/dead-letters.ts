import { changedDeadLetter, deadLetterConditions, visibleTo } from '../rows.ts';
import type { DeadLetterFilter, DeadLetterGroup, DeadLetterRow } from '../store.ts';
import { named, type Run, type Statement } from './statements.ts';
import { latestBy } from './writes.ts';

const statements = named({
  saveDeadLetters: `
    INSERT INTO dead_letters (id, kind, code, model, status, at_ms, record)
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::float8[], $7::text[])
    ON CONFLICT (id) DO NOTHING`,

  lockDeadLetter: `SELECT record FROM dead_letters WHERE id = $1 FOR UPDATE`,

  writeDeadLetter: `UPDATE dead_letters SET status = $2, record = $3 WHERE id = $1`,
});

/** In id order, so that two who save the same ones never wait for each other in a circle. */
export async function saveDeadLetters(run: Run, rows: readonly DeadLetterRow[]): Promise<void> {
  if (rows.length === 0) return;
  const saved = latestBy(rows.toReversed(), ({ id }) => storable(id)).toSorted((one, other) =>
    one.id < other.id ? -1 : 1,
  );
  await run(statements.saveDeadLetters, [
    saved.map(({ id }) => storable(id)),
    saved.map(({ kind }) => kind),
    saved.map(({ code }) => storable(code)),
    saved.map(({ model }) => model && storable(model)),
    saved.map(({ status }) => status),
    saved.map(({ atMs }) => atMs),
    saved.map((row) => JSON.stringify(row)),
  ]);
}

export async function listDeadLetters(
  run: Run,
  filter: DeadLetterFilter,
  limit: number,
  beforeId?: string,
): Promise<readonly DeadLetterRow[]> {
  const { where, values } = matching(filter);
  if (beforeId !== undefined) {
    values.push(storable(beforeId));
    const before = `FROM dead_letters WHERE id = $${values.length}`;
    where.push(`(at_ms, number) < ((SELECT at_ms ${before}), (SELECT number ${before}))`);
  }
  const { rows } = await run<{ record: string }>(
    unnamed(
      `SELECT record FROM dead_letters ${whereOf(where)}
       ORDER BY at_ms DESC, number DESC LIMIT $${values.length + 1}`,
    ),
    [...values, limit],
  );
  return rows.map(({ record }) => JSON.parse(record));
}

export async function groupDeadLetters(
  run: Run,
  filter: DeadLetterFilter,
): Promise<readonly DeadLetterGroup[]> {
  const { where, values } = matching(filter);
  const { rows } = await run<DeadLetterGroup>(
    unnamed(
      `SELECT kind, code, model, count(*)::float8 AS count FROM dead_letters ${whereOf(where)}
       GROUP BY kind, code, model ORDER BY count DESC, kind, code, model NULLS FIRST`,
    ),
    values,
  );
  return rows;
}

/** Only in a transaction. */
export async function changeDeadLetter(
  run: Run,
  id: string,
  change: (row: DeadLetterRow) => DeadLetterRow,
): Promise<DeadLetterRow | undefined> {
  const { rows } = await run<{ record: string }>(statements.lockDeadLetter, [storable(id)]);
  if (!rows[0]) return undefined;
  const row = changedDeadLetter(JSON.parse(rows[0].record), change);
  await run(statements.writeDeadLetter, [storable(id), row.status, JSON.stringify(row)]);
  return row;
}

function matching(filter: DeadLetterFilter): {
  readonly where: string[];
  readonly values: string[];
} {
  const conditions = deadLetterConditions(filter);
  const { tenant } = filter;
  const ofTenant = tenant === undefined ? [] : [tenant];
  return {
    where: [
      ...conditions.map(([column], index) => `${column} = $${index + 1}`),
      ...ofTenant.map(() => visibleTo(`$${conditions.length + 1}`)),
    ],
    values: [...conditions.map(([, value]) => storable(value)), ...ofTenant],
  };
}

/** Asked by people, now and then: not worth keeping on every connection. */
function unnamed(text: string): Statement {
  return { name: '', text };
}

function whereOf(conditions: readonly string[]): string {
  return conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
}

/** A foreign message may say anything; this character PostgreSQL does not take. */
function storable(text: string): string {
  return text.replaceAll('\0', '\ufffd');
}
