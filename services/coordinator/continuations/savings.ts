import type { JsonValue } from '../../../shared/envelope/json.ts';
import { isJsonObject } from '../../../shared/envelope/json.ts';
import type { HistoryRow, Store } from '../store/store.ts';

/** What does not have to be paid again. Money in millionths of a US dollar. */
export interface Savings {
  readonly savedCalls: number;
  readonly savedMicroUsd: number;
}

/**
 * What the answers behind these outputs of a run cost when they were got: in that run, or in one that it goes on from itself.
 * Attempts that failed are not counted, and an answer that nobody was asked for saves nothing.
 */
export async function savingsOf(
  runId: string,
  paths: readonly string[],
  store: Pick<Store, 'readHistory'>,
): Promise<Savings> {
  let savedCalls = 0;
  let savedMicroUsd = 0;
  // A run goes on from an earlier one, and never in a circle.
  const wanted = new Map([[runId, paths]]);
  for (const [id, wantedThere] of wanted) {
    const history = await store.readHistory(id);
    for (const path of wantedThere) {
      const answered = history.findLast((row) => row.path === path && isAnswer(row));
      if (answered?.type === 'step_reused') {
        const before = String(answered.facts?.['run']);
        wanted.set(before, [...(wanted.get(before) ?? []), path]);
      } else if (answered?.type === 'reply_accepted') {
        const usage = answered.facts?.['usage'];
        savedCalls += numberIn(usage, 'calls') || 1;
        savedMicroUsd += numberIn(usage, 'microUsd');
      }
    }
  }
  return { savedCalls, savedMicroUsd };
}

function isAnswer({ type, facts }: HistoryRow): boolean {
  if (type === 'reply_accepted') return facts?.['status'] === 'succeeded';
  return type === 'step_reused' || type === 'answer_reused' || type === 'last_resort_taken';
}

function numberIn(usage: JsonValue | undefined, name: string): number {
  const value = usage !== undefined && isJsonObject(usage) ? usage[name] : 0;
  return typeof value === 'number' ? value : 0;
}
