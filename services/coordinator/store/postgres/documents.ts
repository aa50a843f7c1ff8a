import type { JsonObject } from '../../../../shared/envelope/json.ts';
import { RaceLostError } from '../race.ts';
import { endOfPrefix } from '../rows.ts';
import { named, type Run } from './statements.ts';

const statements = named({
  lockDocument: `SELECT document FROM documents WHERE key = $1 FOR UPDATE`,

  makeDocument: `
    INSERT INTO documents (key, document) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING key`,

  writeDocument: `UPDATE documents SET document = $2 WHERE key = $1`,

  readDocuments: `SELECT key, document FROM documents WHERE key >= $1 AND key < $2 ORDER BY key`,
});

/** Only in a transaction. */
export async function changeDocument(
  run: Run,
  key: string,
  change: (document: JsonObject | undefined) => JsonObject,
): Promise<JsonObject> {
  const { rows } = await run<{ document: string }>(statements.lockDocument, [key]);
  const known = rows[0];
  const document = change(known && JSON.parse(known.document));
  const values = [key, JSON.stringify(document)];
  if (known) {
    await run(statements.writeDocument, values);
    return document;
  }
  const made = await run(statements.makeDocument, values);
  if (made.rows.length === 0) throw new RaceLostError();
  return document;
}

export async function readDocuments(
  run: Run,
  prefix: string,
): Promise<ReadonlyMap<string, JsonObject>> {
  const { rows } = await run<{ key: string; document: string }>(statements.readDocuments, [
    prefix,
    endOfPrefix(prefix),
  ]);
  return new Map(rows.map(({ key, document }) => [key, JSON.parse(document)]));
}
