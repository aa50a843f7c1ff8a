import type { QueryResult, QueryResultRow } from 'pg';
import { FleetError } from '../../../../shared/errors/errors.ts';
import type { Run } from '../../engine/run.ts';
import { RaceLostError } from '../race.ts';
import { flowRowOf } from '../rows.ts';
import type { Changes, FlowRow, SharedAnswer, StoreTransaction, ValueRow } from '../store.ts';
import { readAnswers, writeAnswers } from './answers.ts';
import type { Connection } from './connections.ts';
import { writePlaces } from './places.ts';
import type { RunNumbers } from './run-numbers.ts';
import { type Statement, statements } from './statements.ts';
import { writeColumns } from './writes.ts';

/**
 * The work of one transaction on PostgreSQL:
 * 1. It begins with its first statement, which does not wait for the BEGIN before it.
 * 2. Runs are looked up under a lock before anything of theirs is written. What was found absent is only ever inserted: if it
 *    is there by then, another coordinator was faster and the work must be run again (RaceLostError).
 * 3. The first fault is the one that counts: whatever follows it fails because of it.
 */
export class PostgresTransaction implements StoreTransaction {
  readonly #connection: Connection;
  readonly #numbers: RunNumbers;
  /** Running numbers of runs that are locked, or were inserted here. */
  readonly #held = new Map<string, number>();
  /** Runs that were looked up and are not there. */
  readonly #absent = new Set<string>();
  #begun = false;
  #mark: number | undefined;
  #fault: { readonly error: unknown } | undefined;

  constructor(connection: Connection, numbers: RunNumbers) {
    this.#connection = connection;
    this.#numbers = numbers;
  }

  /** True when there is something to commit or to roll back. */
  get begun(): boolean {
    return this.#begun;
  }

  /** By which its commit can be recognised later; undefined: it wrote nothing. */
  get mark(): number | undefined {
    return this.#mark;
  }

  /** Throws the first fault, also where the work did not mind it: the database has given the transaction up. */
  assertSound(): void {
    if (this.#fault) throw this.#fault.error;
  }

  async lockRuns(ids: readonly string[]): Promise<ReadonlyMap<string, Run>> {
    if (ids.length === 0) return new Map();
    const { rows } = await this.run<RunRecord>(statements.lockRuns, [ids]);
    for (const id of ids) this.#absent.add(id);
    for (const { id, number } of rows) {
      this.#absent.delete(id);
      this.#held.set(id, number);
    }
    return new Map(rows.map(({ id, record }) => [id, JSON.parse(record) as Run]));
  }

  async readValues(
    keys: readonly { readonly runId: string; readonly key: string }[],
  ): Promise<readonly ValueRow[]> {
    if (keys.length === 0) return [];
    const columns = [keys.map(({ runId }) => runId), keys.map(({ key }) => key)];
    const { rows } = await this.run<ValueRecord>(statements.readValues, columns);
    return rows.map(({ run_id, key, value }) => ({ runId: run_id, key, value: JSON.parse(value) }));
  }

  readAnswers(keys: readonly string[], nowMs: number): Promise<ReadonlyMap<string, SharedAnswer>> {
    return readAnswers(this.run, keys, nowMs);
  }

  async findFlow(digest: string): Promise<FlowRow | undefined> {
    const { rows } = await this.run(statements.findFlow, [digest]);
    return flowRowOf(rows[0]);
  }

  async write(changes: Changes): Promise<void> {
    if (isEmpty(changes)) return;
    const { runs, values, history, answers, places } = changes;
    const concerned = [...runs.map(({ id }) => id), ...[...values, ...history].map(runIdOf)];
    const unasked = concerned.filter((id) => !this.#held.has(id) && !this.#absent.has(id));
    if (unasked.length > 0) await this.lockRuns(unasked);
    const inserted = new Set(runs.map(({ id }) => id).filter((id) => this.#absent.has(id)));
    await this.#number(inserted);
    const columns = writeColumns(changes, this.#nextMark(), (id) => this.#numberOf(id));
    const [{ rows }, undisputed = true] = await Promise.all([
      this.run<{ id: string }>(statements.write, columns),
      answers && writeAnswers(this.run, answers),
      places && writePlaces(this.run, places),
    ]);
    if (!undisputed) throw this.#keep(new RaceLostError());
    const written = new Set(rows.map(({ id }) => id));
    const refused = runs.find(({ id }) => !written.has(id));
    if (!refused) return;
    throw this.#keep(inserted.has(refused.id) ? new RaceLostError() : runIsFinal(refused.id));
  }

  /** Runs a statement of the store's own; whoever changes something with it leaves a mark, so that its commit is recognised. */
  readonly run = async <R extends QueryResultRow>(
    statement: Statement,
    values: readonly unknown[],
  ): Promise<QueryResult<R>> => {
    this.#begin();
    try {
      return await this.#connection.run<R>(statement, values);
    } catch (error) {
      throw this.#keep(error);
    }
  };

  async leaveMark(): Promise<void> {
    const { connectionId, mark } = this.#nextMark();
    await this.run(statements.leaveMark, [connectionId, mark]);
  }

  /** Gives new runs their numbers; from here on they are held like any other. */
  async #number(ids: ReadonlySet<string>): Promise<void> {
    const numbers = await this.#numbers.take(ids.size, async () => {
      const { rows } = await this.run<{ first: number }>(statements.nextNumbers, []);
      return rows[0]?.first ?? 0;
    });
    for (const [index, id] of [...ids].entries()) {
      this.#absent.delete(id);
      this.#held.set(id, numbers[index] ?? 0);
    }
  }

  #numberOf(runId: string): number {
    const number = this.#held.get(runId);
    if (number !== undefined) return number;
    throw this.#keep(new FleetError('run_unknown', `There is no run ${runId}.`));
  }

  #nextMark(): { readonly connectionId: string; readonly mark: number } {
    const connection = this.#connection;
    if (this.#mark === undefined) {
      connection.marks += 1;
      this.#mark = connection.marks;
    }
    return { connectionId: connection.id, mark: this.#mark };
  }

  #begin(): void {
    if (this.#begun) return;
    this.#begun = true;
    const begun = this.#connection.run('BEGIN ISOLATION LEVEL READ COMMITTED');
    begun.catch((error: unknown) => this.#keep(error));
  }

  /** Keeps the first fault, and answers it. */
  #keep(error: unknown): unknown {
    this.#fault ??= { error };
    return this.#fault.error;
  }
}

interface RunRecord {
  readonly id: string;
  readonly number: number;
  readonly record: string;
}

interface ValueRecord {
  readonly run_id: string;
  readonly key: string;
  readonly value: string;
}

function isEmpty({ runs, values, history, outbox, published, answers, places }: Changes): boolean {
  const parts = [runs, values, history, outbox, published];
  return !answers && !places && parts.every((rows) => rows.length === 0);
}

function runIdOf({ runId }: { readonly runId: string }): string {
  return runId;
}

function runIsFinal(id: string): FleetError {
  return new FleetError('run_is_final', `Run ${id} has ended; it never changes again.`);
}
