import type { Artifacts } from '../../shared/artifacts/artifact-store.ts';
import { isJsonObject, type JsonValue } from '../../shared/envelope/json.ts';
import { FleetError } from '../../shared/errors/errors.ts';
import type { BreakerPolicy } from '../../shared/flow/kernel.ts';
import type { Breakers } from './breakers/breakers.ts';
import { decide } from './engine/decide.ts';
import {
  type AnswerFacts,
  absent,
  type BreakerFacts,
  type Facts,
  type ModelFacts,
  type RunEvent,
} from './engine/decision.ts';
import type { NewRun } from './engine/new-run.ts';
import type { Run } from './engine/run.ts';
import type { FlowBook } from './flow-book.ts';
import type { Limits } from './limits/limits.ts';
import { type Decided, type Dispatch, messageOf, tooLarge, withoutOutput } from './message-of.ts';
import type { ModelBook } from './model-book.ts';
import { keepValue, type RunValues, runValues } from './run-values.ts';
import { newSharedEffects, type Shared, type SharedEffects, share } from './shared-effects.ts';
import type {
  AnswerRow,
  HistoryRow,
  OutboxRow,
  SharedAnswer,
  StoreTransaction,
  ValueRow,
} from './store/store.ts';

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
  readonly limits: Limits;
  readonly breakers: Breakers;
  readonly artifacts?: Artifacts | undefined;
  /** What the runs of this transaction have shared so far. */
  readonly shared: Shared;
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
  /** What it changes that runs share. */
  readonly effects: SharedEffects = newSharedEffects();
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
    const event: RunEvent = { type: 'jobAccepted' };
    const decision = await this.#decide(run, known, event);
    this.#known = known;
    for (const [key, value] of values) this.values.push({ runId: this.id, key, value });
    await this.#take(decision, event);
  }

  /** Tells the run an event; nothing happens when there is no such run. */
  async tell(event: RunEvent): Promise<void> {
    if (!this.#run) return;
    await this.#take(await this.#decide(this.#run, this.#known, event), event);
  }

  /** Puts off what is due, for a run whose timer cannot be decided. */
  postpone(dueMs: number): void {
    if (this.#run && this.#run.finishedAtMs === null) this.#run = { ...this.#run, dueMs };
  }

  publish(row: OutboxRow): void {
    this.outbox.push(row);
  }

  /** Writes something beside the values that the engine knows of. */
  write(key: string, value: JsonValue): void {
    this.values.push({ runId: this.id, key, value });
  }

  /** A stored value. */
  async read(key: string): Promise<JsonValue | undefined> {
    const written = this.values.findLast((row) => row.key === key);
    if (written) return written.value;
    const [row] = await this.#context.transaction.readValues([{ runId: this.id, key }]);
    return row?.value;
  }

  async #decide(run: Run, known: RunValues, event: RunEvent): Promise<Decided> {
    const { nowMs, flows, shared, transaction } = this.#context;
    const flow = await flows.pinned(run, transaction);
    const facts: Facts = {
      nowMs,
      flow,
      model: (name) => this.#modelFacts(name, run),
      values: known.byKey,
      breaker: (name, policy) => this.#breakerFacts(name, policy),
      answers: shared.answers,
    };
    for (;;) {
      const decision = decide(run, event, facts);
      if (decision.type === 'decided') return decision;
      const { keys, answers } = decision;
      // As many rounds as it takes: a map that calls no model asks element by element.
      const asksAnew =
        keys.some((key) => !known.byKey.has(key)) ||
        answers.some((key) => !shared.answers.has(key));
      if (!asksAnew) break;
      if (keys.length > 0) await this.#look(known, keys);
      if (answers.length > 0) await this.#lookUpAnswers(answers);
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

  async #lookUpAnswers(keys: readonly string[]): Promise<void> {
    const { transaction, shared, nowMs } = this.#context;
    const found = await transaction.readAnswers(keys, nowMs);
    for (const key of keys) shared.answers.set(key, answerFactsOf(found.get(key)));
  }

  #modelFacts(name: string, run: Run): ModelFacts | undefined {
    const { models, modelsAreComplete, limits } = this.#context;
    const known = models.facts(name);
    if (known !== undefined) return { ...known, room: limits.roomOf(name) - this.#leaving(name) };
    if (modelsAreComplete || run.status === 'pending') return undefined;
    throw new UnheardModelError(name);
  }

  #breakerFacts(name: string, policy: BreakerPolicy): BreakerFacts {
    const facts = this.#context.breakers.facts(name, policy);
    if (facts.callable === Infinity) return facts;
    return { ...facts, callable: facts.callable - this.#leaving(name) };
  }

  #leaving(model: string): number {
    return this.#context.shared.leaving.get(model) ?? 0;
  }

  /** A request that no message can carry is the failure of its attempt, at once: nobody would ever answer it. */
  async #take(decision: Decided, event: RunEvent): Promise<void> {
    for (const command of this.#adopt(decision, event)) {
      await this.tell(tooLarge(command, this.#context.nowMs));
    }
  }

  /** Answers the requests that were too large to be sent. */
  #adopt(decision: Decided, event: RunEvent): readonly Dispatch[] {
    const { nowMs } = this.#context;
    const { run } = decision;
    const effects = decision.commands.map((command) => messageOf(run, command, this.#context));
    if (effects.some(({ oversizeResult }) => oversizeResult === true)) {
      return this.#adopt(withoutOutput(decision), event);
    }
    // From here on nothing throws.
    const granted = event.type === 'slotGranted' ? event : undefined;
    const { shared, limits } = this.#context;
    for (const command of decision.commands) {
      share(command, { run, granted, limits, shared, nowMs }, this.effects);
    }
    this.#run = { ...run, revision: run.revision + 1 };
    for (const [key, value] of decision.values) {
      keepValue(this.#known, key, value);
      this.values.push({ runId: this.id, key, value });
    }
    for (const entry of decision.history) {
      this.history.push({ runId: this.id, atMs: nowMs, ...entry });
    }
    for (const { row, result } of effects) {
      if (row !== undefined) this.outbox.push(row);
      if (result !== undefined) this.values.push({ runId: this.id, key: resultKey, value: result });
    }
    return effects.flatMap(({ oversize }) => oversize ?? []);
  }
}

function answerFactsOf(known: SharedAnswer | undefined): AnswerFacts {
  const { answer = null, claim = null } = known ?? {};
  return {
    ...(answer === null ? {} : { kept: keptIn(answer) }),
    ...(claim === null ? {} : { comingUntilMs: claim.untilMs }),
  };
}

function keptIn({ output: kept, atMs }: AnswerRow): NonNullable<AnswerFacts['kept']> {
  const { output, patch } = kept;
  return {
    output: isJsonObject(output) ? output : {},
    patch: isJsonObject(patch) ? patch : {},
    atMs,
  };
}
