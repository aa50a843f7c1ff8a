import type { ContinuedRunAnswer } from '../../../shared/client/verbs.ts';
import type { BudgetAmounts } from '../../../shared/envelope/budget.ts';
import { continuedRunIdOf } from '../../../shared/envelope/ids.ts';
import type { JsonObject } from '../../../shared/envelope/json.ts';
import type { CompiledFlow } from '../../../shared/flow/kernel.ts';
import { checkFresh, checkOwnReferences } from '../artifacts/own-references.ts';
import type { Commits } from '../commits.ts';
import { continueRun } from '../engine/continue-run.ts';
import { inputKeyOf } from '../engine/keys.ts';
import type { NewRun } from '../engine/new-run.ts';
import type { Continuation, Run } from '../engine/run.ts';
import type { Store } from '../store/store.ts';
import type { Task } from '../transition.ts';
import { writeLink } from './links.ts';
import { savingsOf } from './savings.ts';

/** A wish that a run goes on. */
export interface GoOn {
  readonly origin: Run;
  readonly flow: CompiledFlow;
  readonly kind: Continuation['kind'];
  readonly from: string | null;
  /** What steps are asked in place of what the flow says, by path. */
  readonly inputs?: ReadonlyMap<string, JsonObject>;
  /** Replaces these parts of the origin's budget. */
  readonly budget?: BudgetAmounts;
  /** Names the wish: the same one makes no second run. */
  readonly serial: string;
}

export interface GoOnDesk {
  readonly store: Store;
  readonly commits: Commits;
  readonly now: () => number;
}

/**
 * Makes a new run that goes on from one that has ended, and the note of it beside that one, in one transaction. Throws
 * ContractError for what cannot go on, or holds references that are not its own or have
 * expired, and ShutdownError when the process stops first.
 */
export async function goOn(wish: GoOn, desk: GoOnDesk): Promise<ContinuedRunAnswer> {
  const { store, commits, now } = desk;
  const { origin, flow, kind, from, serial, inputs = new Map(), budget } = wish;
  for (const input of inputs.values()) checkOwnReferences(input, origin);
  const rows = await store.readValues(origin.id);
  const continued = continueRun({
    origin,
    flow,
    kind,
    from,
    values: new Map(rows.map(({ key, value }) => [key, value])),
    runId: continuedRunIdOf(origin.id, kind, from, serial),
    nowMs: now(),
  });
  const { reused } = continued;
  const replaced = [...inputs].map(([path, input]) => [inputKeyOf(path), input] as const);
  const made: NewRun = {
    run: withBudget(continued.run, budget),
    values: new Map([...continued.values, ...replaced]),
  };
  for (const value of made.values.values()) checkFresh(value, made.run.acceptedAtMs);
  const savings = await savingsOf(origin.id, reused, store);
  const faults: unknown[] = [];
  await commits.commit([linkTask(origin.id, made.run), startTask(made, faults)]);
  if (faults.length > 0) throw faults[0];
  return { run: made.run.id, reused: [...reused], ...savings };
}

function withBudget(run: Run, budget: GoOn['budget']): Run {
  if (budget === undefined) return run;
  return { ...run, budget: { onExceeded: 'fail', ...run.budget, ...budget }, reserved: {} };
}

function linkTask(runId: string, next: Run): Task {
  return {
    runId,
    decide: (draft) => writeLink(draft, next),
    // The new run names its origin all the same.
    giveUp: () => {},
  };
}

function startTask(made: NewRun, faults: unknown[]): Task {
  return {
    runId: made.run.id,
    async decide(draft) {
      if (!draft.run) await draft.start(made);
    },
    giveUp(_draft, error) {
      faults.push(error);
    },
  };
}
