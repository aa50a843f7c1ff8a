/** What a person follows of a run: its steps, one by one, as its history tells them. */

/** One line of a run's history, as far as it is shown. */
export interface HistoryLine {
  readonly runId: string;
  readonly atMs: number;
  readonly type: string;
  readonly path?: string;
  readonly attempt?: number;
  readonly code?: string;
  readonly message?: string;
  readonly facts?: Readonly<Record<string, unknown>>;
}

export type StepState = 'open' | 'retrying' | 'succeeded' | 'failed' | 'dropped';

export interface StepView {
  readonly path: string;
  readonly model: string;
  readonly attempt: number;
  readonly state: StepState;
  readonly startedAtMs: number;
  readonly endedAtMs: number | undefined;
}

export interface RunView {
  readonly flow: string;
  /** What the job is about: the beginning of its text, the name of its picture. */
  readonly title: string;
  /** In the order of their first call. */
  readonly steps: readonly StepView[];
  readonly startedAtMs: number;
}

export function newRunView(flow: string, title: string, startedAtMs: number): RunView {
  return { flow, title, steps: [], startedAtMs };
}

/** The view after one more line of history. Lines that show nothing change nothing. */
export function observe(view: RunView, line: HistoryLine): RunView {
  if (line.type === 'run_finished') return { ...view, steps: view.steps.map(dropOpen(line.atMs)) };
  const { path } = line;
  if (path === undefined) return view;
  if (line.type === 'attempt_dispatched') return withStep(view, dispatched(view, path, line));
  const step = view.steps.find((known) => known.path === path);
  if (step === undefined || !isOpen(step)) return view;
  const state = stateAfter(line);
  if (state === undefined) return view;
  const endedAtMs = state === 'retrying' ? undefined : line.atMs;
  return withStep(view, { ...step, state, endedAtMs });
}

function dispatched(view: RunView, path: string, line: HistoryLine): StepView {
  const before = view.steps.find((step) => step.path === path);
  const { model } = line.facts ?? {};
  return {
    path,
    model: typeof model === 'string' ? model : (before?.model ?? ''),
    attempt: line.attempt ?? 1,
    state: 'open',
    startedAtMs: before?.startedAtMs ?? line.atMs,
    endedAtMs: undefined,
  };
}

function stateAfter(line: HistoryLine): StepState | undefined {
  switch (line.type) {
    case 'reply_accepted':
      return line.code === undefined ? 'succeeded' : 'failed';
    case 'attempt_timed_out':
      return 'failed';
    case 'retry_scheduled':
      return 'retrying';
    case 'attempt_abandoned':
      return 'dropped';
    default:
      return undefined;
  }
}

/** A failed call is still open for its retry, which is told right after the failure. */
function isOpen(step: StepView): boolean {
  return step.state === 'open' || step.state === 'retrying' || step.state === 'failed';
}

function dropOpen(atMs: number): (step: StepView) => StepView {
  return (step) =>
    step.state === 'open' || step.state === 'retrying'
      ? { ...step, state: 'dropped', endedAtMs: atMs }
      : step;
}

function withStep(view: RunView, step: StepView): RunView {
  const known = view.steps.some((other) => other.path === step.path);
  return {
    ...view,
    steps: known
      ? view.steps.map((other) => (other.path === step.path ? step : other))
      : [...view.steps, step],
  };
}
