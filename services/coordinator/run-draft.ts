import type { JsonValue } from '../../shared/envelope/json.ts';
import { FleetError } from '../../shared/errors/errors.ts';
import { decide } from './engine/decide.ts';
import {
  absent,
  type Command,
  type Decision,
  type Facts,
  type RunEvent,
} from './engine/decision.ts';
import type { NewRun } from './engine/new-run.ts';
import type { Run } from './engine/run.ts';
import type { FlowBook } from './flow-book.ts';
import { requestRow, resultOf, resultRow } from './messages.ts';
import type { ModelBook } from './model-book.ts';
import { keepValue, type RunValues, runValues } from './run-values.ts';
import type { HistoryRow, OutboxRow, StoreTransaction, ValueRow } from './store/store.ts';

/** A run is decided in a few rounds of reading; more means that engine and store disagree about what was read. */
const MAX_ROUNDS = 50;
/** Where a run's result is kept for whoever asks for it later. */
export const resultKey = '$result';

/** A run that goes on needs a model of which this process has not heard: it may have missed the announcement. */
export class UnheardModelError extends FleetError {
  constructor(model: string) {
    super('model_unheard', `No announcement of ${model} was heard here.`);
  }
}

export interface DraftContext {
  readonly transaction: StoreTransaction;
  readonly flows: FlowBook;
  readonly models: ModelBook;
  /** All that any coordinator has ever heard is in `models`. */
  readonly modelsAreComplete: boolean;
  readonly nowMs: number;
}

/**
 * One run inside one transaction: as it was locked, and what the events of this batch make of it. Each call either takes
 * effect as a whole or throws and changes nothing, so that an event that cannot be decided harms only itself.
 */
export class RunDraft {
  readonly id: string;
  /** As it is in the store. */
  readonly before: Run | undefined;
  readonly values: ValueRow[] = [];
  readonly history: HistoryRow[] = [];
  readonly outbox: OutboxRow[] = [];
  readonly #context: DraftContext;
  #run: Run | undefined;
  #known: RunValues;

  constructor(id: string, before: Run | undefined, known: RunValues, context: DraftContext) {
    this.id = id;
    this.before = before;
    this.#run = before;
    this.#known = known;
    this.#context = context;
  }

  /** As the events so far left it; undefined: there is no such run. */
  get run(): Run | undefined {
    return this.#run;
  }

  /** What is known of its values, for the batches to come. */
  get known(): RunValues {
    return this.#known;
  }

  get nowMs(): number {
    return this.#context.nowMs;
  }

  /** Makes the run and tells it its first event. */
  async start({ run, values }: NewRun): Promise<void> {
    const known = runValues(values, true);
    const decision = await this.#decide(run, known, { type: 'jobAccepted' });
    this.#known = known;
    for (const [key, value] of values) this.values.push({ runId: this.id, key, value });
    this.#adopt(decision);
  }

  /** Tells the run an event; nothing happens when there is no such run. */
  async tell(event: RunEvent): Promise<void> {
    if (!this.#run) return;
    this.#adopt(await this.#decide(this.#run, this.#known, event));
  }

  /** Puts off what is due, for a run whose timer cannot be decided. */
  postpone(dueMs: number): void {
    if (this.#run && this.#run.finishedAtMs === null) this.#run = { ...this.#run, dueMs };
  }

  publish(row: OutboxRow): void {
    this.outbox.push(row);
  }

  /** A stored value. */
  async read(key: string): Promise<JsonValue | undefined> {
    const written = this.values.findLast((row) => row.key === key);
    if (written) return written.value;
    const [row] = await this.#context.transaction.readValues([{ runId: this.id, key }]);
    return row?.value;
  }

  async #decide(
    run: Run,
    known: RunValues,
    event: RunEvent,
  ): Promise<Decision & { readonly type: 'decided' }> {
    const { nowMs, flows, models, modelsAreComplete, transaction } = this.#context;
    const flow = await flows.pinned(run, transaction);
    const model = (name: string) => {
      const known = models.facts(name);
      if (known || modelsAreComplete || run.status === 'pending') return known;
      throw new UnheardModelError(name);
    };
    const facts: Facts = { nowMs, flow, model, values: known.byKey };
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const decision = decide(run, event, facts);
      if (decision.type === 'decided') return decision;
      await this.#look(known, decision.keys);
    }
    throw new FleetError('undecided', `Run ${run.id} could not be decided with all values read.`);
  }

  async #look(known: RunValues, keys: readonly string[]): Promise<void> {
    const { transaction } = this.#context;
    const wanted = keys.map((key) => ({ runId: this.id, key }));
    const rows = known.complete ? [] : await transaction.readValues(wanted);
    for (const { key, value } of rows) keepValue(known, key, value);
    for (const key of keys) if (!known.byKey.has(key)) keepValue(known, key, absent);
  }

  #adopt(decision: Decision & { readonly type: 'decided' }): void {
    const { nowMs } = this.#context;
    const { run } = decision;
    const effects = decision.commands.map((command) => effectOf(run, command, nowMs));
    // From here on nothing throws.
    this.#run = { ...run, revision: run.revision + 1 };
    for (const [key, value] of decision.values) {
      keepValue(this.#known, key, value);
      this.values.push({ runId: this.id, key, value });
    }
    for (const entry of decision.history) {
      this.history.push({ runId: this.id, atMs: nowMs, ...entry });
    }
    for (const { row, result } of effects) {
      this.outbox.push(row);
      if (result !== undefined) this.values.push({ runId: this.id, key: resultKey, value: result });
    }
  }
}

function effectOf(
  run: Run,
  command: Command,
  nowMs: number,
): { row: OutboxRow; result?: JsonValue } {
  if (command.type === 'dispatch') return { row: requestRow(run, command, nowMs) };
  const result = resultOf(run, command.payload);
  // A result is JSON; its type says less, because its optional fields may be undefined.
  return { row: resultRow(run, result, { nowMs }), result: result as unknown as JsonValue };
}
