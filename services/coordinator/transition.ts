import type { Artifacts } from '../../shared/artifacts/artifact-store.ts';
import { failpoint } from '../../shared/failpoints/failpoint.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';
import type { Breakers } from './breakers/breakers.ts';
import type { Run } from './engine/run.ts';
import type { FlowBook } from './flow-book.ts';
import type { Limits } from './limits/limits.ts';
import type { ModelBook } from './model-book.ts';
import { contractOf } from './model-contract.ts';
import { type DraftContext, RunDraft, UnheardModelError } from './run-draft.ts';
import type { ValuesCache } from './run-values.ts';
import type { EndedAttempt } from './shared-effects.ts';
import {
  type AnswerChanges,
  type Changes,
  type HistoryRow,
  type OutboxRow,
  type PlaceChanges,
  type PlaceRow,
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
  readonly limits: Limits;
  readonly breakers: Breakers;
  /** Left out: what no message carries cannot be sent. */
  readonly artifacts?: Artifacts | undefined;
  readonly logger: Logger;
  readonly now: () => number;
}

/** What a transaction wrote. */
export interface Committed {
  readonly runs: readonly { readonly before: Run | undefined; readonly after: Run }[];
  readonly history: readonly HistoryRow[];
  readonly outbox: readonly OutboxRow[];
  /** Attempts that are over. */
  readonly ended: readonly EndedAttempt[];
  /** Calls that wait for a place from now on. */
  readonly held: readonly PlaceRow[];
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
  try {
    return await attempt(desk, tasks, published, false);
  } catch (error) {
    if (!(error instanceof UnheardModelError)) throw error;
    // Another coordinator has heard it, or the run would not have begun.
    for (const { model, version, manifest } of await desk.store.manifests()) {
      desk.models.learn(model, version, contractOf(manifest, desk.logger));
    }
    return await attempt(desk, tasks, published, true);
  }
}

async function attempt(
  desk: Desk,
  tasks: readonly Task[],
  published: readonly string[],
  modelsAreComplete: boolean,
): Promise<Committed> {
  const ids = [...new Set(tasks.map((task) => task.runId))];
  const { committed, drafts } = await desk.store.transaction(async (transaction) => {
    const locked = await transaction.lockRuns(ids);
    const { flows, models, limits, breakers, artifacts } = desk;
    const context: DraftContext = {
      transaction,
      flows,
      models,
      modelsAreComplete,
      limits,
      breakers,
      artifacts,
      shared: { leaving: new Map(), answers: new Map() },
      nowMs: desk.now(),
    };
    const drafts = new Map<string, RunDraft>();
    for (const task of tasks) {
      const { runId } = task;
      const draft = drafts.get(runId) ?? newDraft(desk, runId, locked.get(runId), context);
      drafts.set(runId, draft);
      await decideOne(task, draft);
    }
    const committed = collect([...drafts.values()]);
    const values = [...drafts.values()].flatMap((draft) => draft.values);
    const runs = committed.runs.map(({ after }) => after);
    const { history, outbox } = committed;
    const shared = sharedChanges([...drafts.values()]);
    await transaction.write({ runs, values, history, outbox, published, ...shared });
    failpoint('C7', () => history.some(({ type }) => type === 'join_fired'));
    return { committed, drafts };
  });
  for (const draft of drafts.values()) remember(desk, draft);
  return committed;
}

function newDraft(
  { values }: Desk,
  runId: string,
  run: Run | undefined,
  context: DraftContext,
): RunDraft {
  return new RunDraft(runId, run, values.take(runId, run?.revision), context);
}

async function decideOne(task: Task, draft: RunDraft): Promise<void> {
  try {
    await task.decide(draft);
  } catch (error) {
    if (error instanceof StoreUnavailableError || error instanceof UnheardModelError) throw error;
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
    ended: drafts.flatMap((draft) => draft.effects.ended),
    held: drafts.flatMap((draft) => draft.effects.places.waiting),
  };
}

/** Changes of what runs share; nothing where there is none, which is nearly always. */
function sharedChanges(drafts: readonly RunDraft[]): Pick<Changes, 'answers' | 'places'> {
  const all = drafts.map(({ effects }) => effects);
  const answers: AnswerChanges = {
    released: all.flatMap((effects) => effects.answers.released),
    kept: all.flatMap((effects) => effects.answers.kept),
    claimed: all.flatMap((effects) => effects.answers.claimed),
  };
  const places: PlaceChanges = {
    freed: all.flatMap((effects) => effects.places.freed),
    waiting: all.flatMap((effects) => effects.places.waiting),
    used: all.flatMap((effects) => effects.places.used),
  };
  return { ...(isEmpty(answers) ? {} : { answers }), ...(isEmpty(places) ? {} : { places }) };
}

function isEmpty(changes: AnswerChanges | PlaceChanges): boolean {
  return Object.values(changes).every((rows: readonly unknown[]) => rows.length === 0);
}

function remember({ values }: Desk, { id, run, known }: RunDraft): void {
  if (run && run.finishedAtMs === null) values.keep(id, known, run.revision);
}
