import type { DatabaseSync } from 'node:sqlite';
import { changedDeadLetter, deadLetterConditions, visibleTo } from '../rows.ts';
import type { DeadLetterFilter, DeadLetterGroup, DeadLetterRow } from '../store.ts';

/** Dead letters in a SQLite file; `save` and `change` are part of a transaction. */
export class SqliteDeadLetters {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  save(rows: readonly DeadLetterRow[]): void {
    const insert = this.#database.prepare(
      `INSERT OR IGNORE INTO dead_letters (id, kind, code, model, status, at_ms, record)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
    );
    for (const row of rows) {
      const { id, kind, code, model, status, atMs } = row;
      insert.run(id, kind, code, model, status, atMs, JSON.stringify(row));
    }
  }

  list(filter: DeadLetterFilter, limit: number, beforeId?: string): readonly DeadLetterRow[] {
    const { where, values } = matching(filter);
    if (beforeId !== undefined) {
      where.push('(at_ms, number) < (SELECT at_ms, number FROM dead_letters WHERE id = ?)');
      values.push(beforeId);
    }
    const rows = this.#database
      .prepare(
        `SELECT record FROM dead_letters ${whereOf(where)} ORDER BY at_ms DESC, number DESC LIMIT ?`,
      )
      .all(...values, limit);
    return rows.map((row) => JSON.parse(row['record'] as string));
  }

  group(filter: DeadLetterFilter): readonly DeadLetterGroup[] {
    const { where, values } = matching(filter);
    return this.#database
      .prepare(
        `SELECT kind, code, model, count(*) AS count FROM dead_letters ${whereOf(where)}
         GROUP BY kind, code, model ORDER BY count DESC, kind, code, model`,
      )
      .all(...values)
      .map((row) => ({ ...row }) as unknown as DeadLetterGroup);
  }

  change(id: string, change: (row: DeadLetterRow) => DeadLetterRow): DeadLetterRow | undefined {
    const known = this.#database.prepare('SELECT record FROM dead_letters WHERE id = ?').get(id);
    if (known === undefined) return undefined;
    const row = changedDeadLetter(JSON.parse(known['record'] as string), change);
    this.#database
      .prepare('UPDATE dead_letters SET status = ?, record = ? WHERE id = ?')
      .run(row.status, JSON.stringify(row), id);
    return row;
  }
}

function matching(filter: DeadLetterFilter): { where: string[]; values: string[] } {
  const conditions = deadLetterConditions(filter);
  const { tenant } = filter;
  const ofTenant = tenant === undefined ? [] : [tenant];
  return {
    where: [
      ...conditions.map(([column]) => `${column} = ?`),
      ...ofTenant.map(() => visibleTo('?')),
    ],
    values: [...conditions.map(([, value]) => value), ...ofTenant],
  };
}

function whereOf(conditions: readonly string[]): string {
  return conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
}
