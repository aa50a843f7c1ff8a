import { FleetError } from '../../../../shared/errors/errors.ts';
import type { Run } from '../../engine/run.ts';
import {
  flowRowOf,
  historyByRun,
  type RunRecord,
  runOf,
  type ValueRecord,
  valueRowOf,
} from '../rows.ts';
import type { Changes, FlowRow, StoreTransaction, ValueRow } from '../store.ts';
import type { Statements } from './statements.ts';

/** The work of one transaction on SQLite; the file has one writer, so that reading a run is locking it. */
export class SqliteTransaction implements StoreTransaction {
  readonly #statements: Statements;
  /** Running numbers of the runs that this transaction met, by id. */
  readonly #numbers = new Map<string, number>();

  constructor(statements: Statements) {
    this.#statements = statements;
  }

  async lockRuns(ids: readonly string[]): Promise<ReadonlyMap<string, Run>> {
    const runs = new Map<string, Run>();
    for (const id of [...new Set(ids)].sort()) {
      const row = this.#statements.findRun.get(id) as RunRecord | undefined;
      if (!row) continue;
      this.#numbers.set(id, row.number);
      runs.set(id, runOf(row));
    }
    return runs;
  }

  async readValues(
    keys: readonly { readonly runId: string; readonly key: string }[],
  ): Promise<readonly ValueRow[]> {
    return keys.flatMap(({ runId, key }) => {
      const run = this.#number(runId);
      const row = run && (this.#statements.findValue.get(run, key) as ValueRecord | undefined);
      return row ? [valueRowOf(runId, key, row)] : [];
    });
  }

  async findFlow(digest: string): Promise<FlowRow | undefined> {
    return flowRowOf(this.#statements.findFlow.get(digest));
  }

  async write(changes: Changes): Promise<void> {
    for (const run of changes.runs) this.#writeRun(run);
    for (const { runId, key, value } of changes.values) {
      this.#statements.writeValue.run(this.#existing(runId), key, JSON.stringify(value));
    }
    for (const [runId, entries] of historyByRun(changes.history)) {
      this.#statements.writeHistory.run(this.#existing(runId), entries);
    }
    for (const id of changes.published) this.#statements.deleteOutbox.run(id);
    for (const row of changes.outbox) {
      this.#statements.writeOutbox.run(
        row.id,
        row.dueAtMs,
        row.runId,
        row.attemptKey,
        row.exchange,
        row.routingKey,
        row.type,
        row.correlationId,
        JSON.stringify(row.headers),
        row.body,
      );
    }
  }

  #writeRun(run: Run): void {
    const { id, flow, status, dueMs } = run;
    const record = JSON.stringify(run);
    const number = this.#number(id);
    if (number === undefined) {
      const inserted = this.#statements.insertRun.run(id, flow, status, dueMs, record);
      this.#numbers.set(id, Number(inserted.lastInsertRowid));
      return;
    }
    if (this.#statements.updateRun.run(status, dueMs, record, number).changes === 0) {
      throw new FleetError('run_is_final', `Run ${id} has ended; it never changes again.`);
    }
  }

  #number(runId: string): number | undefined {
    const known = this.#numbers.get(runId);
    if (known !== undefined) return known;
    return (this.#statements.findRun.get(runId) as RunRecord | undefined)?.number;
  }

  #existing(runId: string): number {
    const number = this.#number(runId);
    if (number === undefined) throw new FleetError('run_unknown', `There is no run ${runId}.`);
    return number;
  }
}
