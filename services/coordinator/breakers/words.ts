import { attemptKeyOf } from '../engine/keys.ts';
import type { HistoryRow } from '../store/store.ts';
import type { Committed } from '../transition.ts';
import type { Word } from './breaker.ts';

/** What a commit says about models, in its order. */
export interface Heard {
  readonly model: string;
  /** Run, path and attempt. */
  readonly attempt: string;
  /** left: its request was sent. */
  readonly word: Word | { readonly name: 'left' };
}

/** Failures of which the model is not to blame, although they may pass. */
const notTheModels = new Set(['shutting_down', 'output_invalid', 'input_invalid', 'cancelled']);

const unsaid: Word = { name: 'unsaid' };

/**
 * What says that a model is unwell: a failure that may pass (a time-out, a provider that is away, an unexpected error), and no
 * answer in the time of the step. A refusal for good, a broken contract, a drain, a cancelled call and a run whose own time is
 * over say nothing.
 */
export function heardIn({ history, ended }: Committed): readonly Heard[] {
  const heard: Heard[] = [];
  const models = new Map(
    ended.map(({ runId, path, attempt, model }) => [nameOf(runId, path, attempt), model]),
  );
  const over = new Set(
    history
      .filter(({ type, code }) => type === 'run_finished' && code === 'deadline_exceeded')
      .map(({ runId }) => runId),
  );
  for (const row of history) {
    const { runId, type, path, attempt, facts } = row;
    if (path === undefined || attempt === undefined) continue;
    const name = nameOf(runId, path, attempt);
    const model = facts?.['model'] ?? models.get(name);
    if (typeof model !== 'string') continue;
    const word = wordOf(row, over.has(runId));
    if (word !== undefined) heard.push({ model, attempt: name, word });
    else if (type === 'attempt_dispatched') {
      heard.push({ model, attempt: name, word: { name: 'left' } });
    }
  }
  return heard;
}

function wordOf(row: HistoryRow, runIsOver: boolean): Word | undefined {
  switch (row.type) {
    case 'reply_accepted':
      return wordOfReply(row);
    case 'attempt_timed_out':
      return runIsOver ? unsaid : { name: 'failed', tookMs: Infinity };
    case 'attempt_abandoned':
      return unsaid;
    default:
      return undefined;
  }
}

function wordOfReply({ code = '', facts = {} }: HistoryRow): Word {
  const { status, retryable, startedAt, finishedAt } = facts;
  const tookMs = Date.parse(String(finishedAt)) - Date.parse(String(startedAt));
  if (status === 'succeeded') return { name: 'succeeded', tookMs };
  return retryable === true && !notTheModels.has(code) ? { name: 'failed', tookMs } : unsaid;
}

function nameOf(runId: string, path: string, attempt: number): string {
  return `${runId}/${attemptKeyOf(path, attempt)}`;
}
