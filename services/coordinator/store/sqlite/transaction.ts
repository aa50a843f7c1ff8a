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
import type { Changes, FlowRow, SharedAnswer, StoreTransaction, ValueRow } from '../store.ts';
import type { SqliteAnswers } from './answers.ts';
import type { SqlitePlaces } from './places.ts';
import type { NumberedRun, RunCache } from './run-cache.ts';
import type { Statements } from './statements.ts';

/** The parts of one SQLite file that a transaction works on. */
export interface Parts {
  readonly statements: Statements;
  readonly answers: SqliteAnswers;
  readonly places: SqlitePlaces;
}

/** The work of one transaction on SQLite; the file has one writer, so that reading a run is locking it. */
export class SqliteTransaction implements StoreTransaction {
  readonly #statements: Statements;
  readonly #parts: Parts;
  /** Running numbers of the runs that this transaction met, by id. */
  readonly #numbers = new Map<string, number>();
  readonly #written: { readonly number: number; readonly run: Run; readonly record: string }[] = [];
  readonly #cache: RunCache;

  constructor(parts: Parts, cache: RunCache) {
    this.#parts = parts;
    this.#statements = parts.statements;
    this.#cache = cache;
  }

  /** What it wrote is on the disk. */
  committed(): void {
    for (const { number, run, record } of this.#written) {
      this.#cache.committed(number, run, record.length);
    }
  }

  async lockRuns(ids: readonly string[]): Promise<ReadonlyMap<string, Run>> {
    const runs = new Map<string, Run>();
    for (const id of [...new Set(ids)].sort()) {
      const found = this.#cache.get(id) ?? this.#find(id);
      if (!found) continue;
      this.#numbers.set(id, found.number);
      runs.set(id, found.run);
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

  async readAnswers(
    keys: readonly string[],
    nowMs: number,
  ): Promise<ReadonlyMap<string, SharedAnswer>> {
    return this.#parts.answers.read(keys, nowMs);
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
    if (changes.answers) this.#parts.answers.write(changes.answers);
    if (changes.places) this.#parts.places.write(changes.places);
  }

  #writeRun(run: Run): void {
    const { id, flow, status } = run;
    const number = this.#storeRun(run);
    this.#numbers.set(id, number);
    if (endedBadly(status)) this.#statements.writeTrouble.run(status, number, flow);
  }

  /** Answers its running number. */
  #storeRun(run: Run): number {
    const { id, flow, tenant, status, dueMs } = run;
    const record = JSON.stringify(run);
    const number = this.#number(id);
    if (number === undefined) {
      const inserted = this.#statements.insertRun.run(id, flow, tenant, status, dueMs, record);
      const rowid = Number(inserted.lastInsertRowid);
      this.#written.push({ number: rowid, run, record });
      return rowid;
    }
    this.#written.push({ number, run, record });
    if (this.#statements.updateRun.run(status, dueMs, record, number).changes === 0) {
      throw new FleetError('run_is_final', `Run ${id} has ended; it never changes again.`);
    }
    return number;
  }

  #find(id: string): NumberedRun | undefined {
    const row = this.#statements.findRun.get(id) as RunRecord | undefined;
    return row && { number: row.number, run: runOf(row) };
  }

  #number(runId: string): number | undefined {
    return this.#numbers.get(runId) ?? this.#find(runId)?.number;
  }

  #existing(runId: string): number {
    const number = this.#number(runId);
    if (number === undefined) throw new FleetError('run_unknown', `There is no run ${runId}.`);
    return number;
  }
}

function endedBadly(status: Run['status']): boolean {
  return status === 'failed' || status === 'timed_out' || status === 'cancelled';
}
