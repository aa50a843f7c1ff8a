import type { BudgetAmounts } from '../envelope/budget.ts';
import type { RunError, StepLedger, Usage } from '../envelope/envelope.ts';
import type { JsonObject, JsonValue } from '../envelope/json.ts';
import type { Priority } from '../envelope/priority.ts';
import type { ValueProvenance } from '../envelope/provenance.ts';

/**
 * What can be asked of the coordinators: each verb with its arguments and its answer, as they travel on
 * `flotilla.operations`. Instants are ISO 8601 in UTC; money is in millionths of a US dollar. A failed answer has a code and a
 * sentence instead.
 */
export interface Verbs {
  'run.list': {
    args: { status?: RunStatus; flow?: string; limit?: number; before?: string };
    /** Newest first. `next`: what to give as `before` for those that come after; null: there are none. */
    answer: { runs: RunSummary[]; next: string | null };
  };
  /** `job`: one of the client that asks. */
  'run.get': { args: { run: string } | { job: string }; answer: RunDetails };
  'run.cancel': {
    args: { run: string; reason?: string };
    answer: { run: string; status: RunStatus };
  };
  'run.signal': {
    args: { run: string; path: string; value: JsonValue };
    answer: { run: string; path: string };
  };
  /** A run that is held back by its budget goes on itself, with what `budget` names in place of what was there. */
  'run.resume': { args: { run: string; budget?: BudgetAmounts }; answer: ContinuedRunAnswer };
  /** `input`: what the step is asked instead of what the flow says. */
  'run.rerun': {
    args: { run: string; from: string; input?: JsonObject; budget?: BudgetAmounts };
    answer: ContinuedRunAnswer;
  };
  'run.fork': {
    args: { run: string; from: string; flowVersion?: number };
    answer: ContinuedRunAnswer;
  };
  'dead.list': {
    args: LetterFilter & { group?: boolean; limit?: number; before?: string };
    /** Newest first; with `group` the groups alone, the largest first. */
    answer: {
      letters: LetterSummary[];
      groups: LetterGroup[];
      next: string | null;
      replays: ReplayStatus[];
    };
  };
  'dead.show': { args: { id: string }; answer: { letter: LetterDetails } };
  /** What is shown redacted and given back as it was shown stays as it is. */
  'dead.edit': { args: { id: string; input: JsonObject }; answer: { letter: LetterDetails } };
  'dead.replay': {
    args: { id: string } | { filter: LetterFilter; perMinute?: number };
    answer: ContinuedRunAnswer | ReplayAnswer;
  };
  /** At most 1,000 at a time; `left`: how many match still. */
  'dead.drop': {
    args: { id: string } | { filter: LetterFilter };
    answer: { dropped: number; left: number };
  };
  'model.list': { args: Record<string, never>; answer: { models: ModelStatus[] } };
  'model.pause': { args: { model: string; reason?: string }; answer: PauseAnswer };
  'model.continue': { args: { model: string }; answer: PauseAnswer };
}

export type Verb = keyof Verbs;

export type RunStatus = 'pending' | 'running' | 'succeeded' | 'failed' | 'cancelled' | 'timed_out';

/** What a person wants to know of a run at a glance. */
export interface RunSummary {
  id: string;
  job: string;
  client: string;
  flow: string;
  version: number;
  status: RunStatus;
  acceptedAt: string;
  startedAt: string | null;
  finishedAt: string | null;
  deadline: string;
  usage: Usage;
  error: RunError | null;
  /** The run that it goes on from. */
  continues: { run: string; kind: ContinuationKind; from: string | null } | null;
}

type ContinuationKind = 'resume' | 'rerun' | 'fork' | 'replay';

export interface RunDetails {
  run: RunSummary & {
    priority: Priority;
    /** What its job asked for: its client may not be as urgent as that where it is another one. */
    askedPriority: Priority;
    steps: Record<string, StepLedger>;
    budget: RunBudget | null;
    degraded: string[];
    missing: string[];
    /** Runs that went on from it, in the order they were made. */
    continuedBy: { run: string; kind: ContinuationKind; from: string | null; at: string }[];
  };
  /** Attempts whose replies are awaited. */
  open: { path: string; attempt: number; model: string; version: number }[];
  /** Calls that may not leave yet. `looksAgainAt` null: somebody tells them. */
  held: {
    path: string;
    attempt: number;
    why: 'limit' | 'breaker' | 'answer' | 'budget' | 'unheard';
    model: string | null;
    looksAgainAt: string | null;
  }[];
  /** Nodes that wait for a signal, and what they ask. */
  waits: { path: string; since: string; until: string | null; ask: JsonValue }[];
  /** Whose each key of its context is. */
  context: Record<string, ValueProvenance>;
  /** What it waits for; empty while anything in it goes on by itself, and after its end. */
  rests: RunRest[];
  history: HistoryFact[];
  /** The result envelope; null before the end. */
  result: JsonValue;
}

/** Where a run stands still until somebody answers it, gives it more to spend, or lets a model go on. */
export interface RunRest {
  path: string;
  why: 'signal' | 'budget' | 'paused';
  /** paused: the model that somebody stopped. */
  model: string | null;
}

/** What a run may use in all, and what becomes of a call that would not fit any more. */
export interface RunBudget extends BudgetAmounts {
  onExceeded: 'fail' | 'pause' | { model: string; version?: number };
}

export interface HistoryFact {
  at: string;
  type: string;
  path?: string;
  attempt?: number;
  code?: string;
  message?: string;
  facts?: JsonObject;
}

/** What goes on, and what is not paid for again. */
export interface ContinuedRunAnswer {
  /** The run that goes on: a new one, but for a run that its budget had stopped. */
  run: string;
  /** Paths of the steps whose outputs are taken over. */
  reused: string[];
  savedCalls: number;
  savedMicroUsd: number;
}

export interface LetterFilter {
  status?: 'open' | 'replayed' | 'dropped';
  kind?: 'failed' | 'unprocessable';
  code?: string;
  model?: string;
}

export interface LetterSummary {
  id: string;
  kind: 'failed' | 'unprocessable';
  status: 'open' | 'replayed' | 'dropped';
  code: string;
  message: string;
  run: string | null;
  path: string | null;
  attempt: number | null;
  model: string | null;
  at: string;
}

export interface LetterDetails extends LetterSummary {
  /** The body as text, redacted and cut. */
  body: string;
  /** What the step was asked, redacted; null where there is no step, or where it is too large to be kept. */
  input: JsonObject | null;
  /** What operators did with it, in order: { at, by, what, … }. */
  trace: JsonObject[];
}

export interface LetterGroup {
  kind: 'failed' | 'unprocessable';
  code: string;
  model: string | null;
  count: number;
}

/** A group that is replayed at a limited rate, also when the coordinator that was asked dies. */
export interface ReplayAnswer {
  replay: string;
  /** Letters that matched when it was asked for. */
  letters: number;
  perMinute: number;
}

/** How far the replay of a group has come; those that are over are told for a while. */
export interface ReplayStatus extends ReplayAnswer {
  by: string;
  startedAt: string;
  replayed: number;
  /** Letters that could not be replayed: they stay open. */
  failed: number;
  lastFailure: { letter: string; code: string; message: string } | null;
  done: boolean;
}

export interface ModelStatus {
  model: string;
  /** Major versions ever announced. */
  versions: number[];
  description: string;
  /** Calls that its living workers run at a time. */
  concurrency: number;
  workers: number;
  /** Requests in its queue and under way. */
  inFlight: number;
  /** Requests in its queue that no worker has taken. */
  waiting: number;
  /** Further calls wait with the coordinators until there is room for them. */
  crowded: boolean;
  /** `window`: requests that its queue takes; the others are left out where nothing limits them. */
  limits: {
    window: number;
    inFlight?: number;
    requestsPerMinute?: number;
    tokensPerMinute?: number;
  };
  /** One for each policy under which it is called here; empty: it was not called yet. */
  breakers: {
    state: 'closed' | 'open' | 'half_open';
    /** When it is tried again; null while it is closed. */
    until: string | null;
    /** In its window. */
    calls: number;
    failed: number;
    slow: number;
  }[];
  paused: { by: string; reason: string | null; at: string } | null;
}

interface PauseAnswer {
  model: string;
  paused: boolean;
}
