import type { Run } from './engine/run.ts';
import type { FlowBook } from './flow-book.ts';
import type { ModelBook } from './model-book.ts';
import { RunDraft } from './run-draft.ts';
import type { ValuesCache } from './run-values.ts';
import {
  type HistoryRow,
  type OutboxRow,
  type Store,
  StoreUnavailableError,
} from './store/store.ts';

/** Something that happened and is to be written down: a delivery, a due time. */
export interface Task {
  /** The run it is about. */
  readonly runId: string;
  /** What it does to the run. What it throws is handed to `giveUp`. */
  decide(draft: RunDraft): Promise<void>;
  /** What is written instead when this task cannot be decided, or not stored. Never throws. */
  giveUp(draft: RunDraft, error: unknown): void;
}

/** What a transaction of tasks works with. */
export interface Desk {
  readonly store: Store;
  readonly flows: FlowBook;
  readonly models: ModelBook;
  readonly values: ValuesCache;
  readonly now: () => number;
}

/** What a transaction wrote. */
export interface Committed {
  readonly runs: readonly { readonly before: Run | undefined; readonly after: Run }[];
  readonly history: readonly HistoryRow[];
  readonly outbox: readonly OutboxRow[];
}

/**
 * Decides and writes tasks in one transaction, each run locked, each task in a try of its own. `published` are outbox rows
 * to delete with it. Throws StoreUnavailableError, or the fault of what could not be stored; nothing is written then.
 */
export async function transition(
  desk: Desk,
  tasks: readonly Task[],
  published: readonly string[],
): Promise<Committed> {
  const ids = [...new Set(tasks.map((task) => task.runId))];
  try {
    return await desk.store.transaction(async (transaction) => {
      const locked = await transaction.lockRuns(ids);
      const context = { transaction, flows: desk.flows, models: desk.models, nowMs: desk.now() };
      const drafts = new Map<string, RunDraft>();
      for (const task of tasks) {
        const { runId } = task;
        const draft =
          drafts.get(runId) ??
          new RunDraft(runId, locked.get(runId), desk.values.of(runId), context);
        drafts.set(runId, draft);
        await decideOne(task, draft);
      }
      const committed = collect([...drafts.values()]);
      const values = [...drafts.values()].flatMap((draft) => draft.values);
      const runs = committed.runs.map(({ after }) => after);
      const { history, outbox } = committed;
      await transaction.write({ runs, values, history, outbox, published });
      for (const draft of drafts.values()) remember(desk, draft);
      return committed;
    });
  } catch (error) {
    // What was decided is void, and may stand among the values.
    for (const id of ids) desk.values.forget(id);
    throw error;
  }
}

async function decideOne(task: Task, draft: RunDraft): Promise<void> {
  try {
    await task.decide(draft);
  } catch (error) {
    if (error instanceof StoreUnavailableError) throw error;
    task.giveUp(draft, error);
  }
}

function collect(drafts: readonly RunDraft[]): Committed {
  return {
    // A final run is told of late replies, which are history; it never changes itself.
    runs: drafts.flatMap(({ before, run }) =>
      run === undefined || run === before || (before && before.finishedAtMs !== null)
        ? []
        : [{ before, after: run }],
    ),
    history: drafts.flatMap((draft) => draft.history),
    outbox: drafts.flatMap((draft) => draft.outbox),
  };
}

function remember(desk: Desk, draft: RunDraft): void {
  if (!draft.run) return;
  if (draft.run.finishedAtMs !== null) desk.values.forget(draft.id);
  else desk.values.keep(draft.id, draft.known);
}
