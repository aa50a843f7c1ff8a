import type { DatabaseSync } from 'node:sqlite';
import type { JsonObject } from '../../../../shared/envelope/json.ts';
import { endOfPrefix } from '../rows.ts';

/** Small shared documents in a SQLite file; `change` is part of a transaction. */
export class SqliteDocuments {
  readonly #statements: ReturnType<typeof prepare>;

  constructor(database: DatabaseSync) {
    this.#statements = prepare(database);
  }

  change(key: string, change: (document: JsonObject | undefined) => JsonObject): JsonObject {
    const known = this.#statements.find.get(key) as { document: string } | undefined;
    const document = change(known && JSON.parse(known.document));
    this.#statements.write.run(key, JSON.stringify(document));
    return document;
  }

  read(prefix: string): ReadonlyMap<string, JsonObject> {
    const rows = this.#statements.read.all(prefix, endOfPrefix(prefix));
    return new Map(
      rows.map((row) => [row['key'] as string, JSON.parse(row['document'] as string)]),
    );
  }
}

function prepare(database: DatabaseSync) {
  return {
    find: database.prepare('SELECT document FROM documents WHERE key = ?'),
    write: database.prepare('REPLACE INTO documents (key, document) VALUES (?, ?)'),
    read: database.prepare(
      'SELECT key, document FROM documents WHERE key >= ? AND key < ? ORDER BY key',
    ),
  };
}
