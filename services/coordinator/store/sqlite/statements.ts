import type { DatabaseSync } from 'node:sqlite';

const open = `status IN ('pending', 'running')`;
const outboxColumns =
  'id, due_at_ms, run_id, attempt_key, exchange, routing_key, type, correlation_id, headers, body';

/** Every statement of the store, prepared once. */
export function prepareStatements(database: DatabaseSync) {
  return {
    findRun: database.prepare('SELECT number, record, due_ms FROM runs WHERE id = ?'),
    insertRun: database.prepare(
      'INSERT INTO runs (id, flow, tenant, status, due_ms, record) VALUES (?, ?, ?, ?, ?, ?)',
    ),
    // The WHERE is the guard of terminal states: a final run never changes.
    updateRun: database.prepare(
      `UPDATE runs SET status = ?, due_ms = ?, record = ? WHERE number = ? AND ${open}`,
    ),
    writeTrouble: database.prepare(
      'INSERT INTO troubled_runs (status, number, flow) VALUES (?, ?, ?)',
    ),
    dueRunIds: database.prepare(
      `SELECT id FROM runs WHERE ${open} AND due_ms <= ? ORDER BY due_ms LIMIT ?`,
    ),
    nextDueMs: database.prepare(
      `SELECT due_ms FROM runs WHERE ${open} AND due_ms IS NOT NULL ORDER BY due_ms LIMIT 1`,
    ),
    openRunIds: database.prepare(
      `SELECT id FROM runs INDEXED BY runs_open_number
       WHERE ${open} AND number > ifnull((SELECT number FROM runs WHERE id = ?), 0) ORDER BY number LIMIT ?`,
    ),
    wakePendingRuns: database.prepare(
      `UPDATE runs INDEXED BY runs_pending SET due_ms = ?
       WHERE status = 'pending' AND flow IN (SELECT value FROM json_each(?))`,
    ),
    readValues: database.prepare('SELECT key, value FROM run_values WHERE run = ? ORDER BY key'),
    findValue: database.prepare('SELECT value FROM run_values WHERE run = ? AND key = ?'),
    writeValue: database.prepare('REPLACE INTO run_values (run, key, value) VALUES (?, ?, ?)'),
    writeHistory: database.prepare('INSERT INTO history (run, entries) VALUES (?, ?)'),
    readHistory: database.prepare('SELECT entries FROM history WHERE run = ? ORDER BY id'),
    writeOutbox: database.prepare(
      `REPLACE INTO outbox (${outboxColumns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    deleteOutbox: database.prepare('DELETE FROM outbox WHERE id = ?'),
    overdueOutbox: database.prepare(
      `SELECT ${outboxColumns} FROM outbox WHERE due_at_ms <= ? ORDER BY due_at_ms LIMIT ?`,
    ),
    leaseOutbox: database.prepare('UPDATE outbox SET due_at_ms = ? WHERE id = ?'),
    orphanOutbox: database.prepare('UPDATE outbox SET due_at_ms = 0'),
    saveFlow: database.prepare(
      'INSERT OR IGNORE INTO flows (digest, name, version, document) VALUES (?, ?, ?, ?)',
    ),
    findFlow: database.prepare(
      'SELECT digest, name, version, document FROM flows WHERE digest = ?',
    ),
    saveManifest: database.prepare(
      'REPLACE INTO manifests (model, version, manifest, seen_at_ms) VALUES (?, ?, ?, ?)',
    ),
    manifests: database.prepare(
      'SELECT model, version, manifest, seen_at_ms FROM manifests ORDER BY model, version',
    ),
  };
}

export type Statements = ReturnType<typeof prepareStatements>;
