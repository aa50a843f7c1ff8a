import type { ContinuedRunAnswer } from '../../../shared/client/verbs.ts';
import type { JsonObject } from '../../../shared/envelope/json.ts';
import { ContractError } from '../../../shared/errors/errors.ts';
import { type GoOnDesk, goOn } from '../continuations/go-on.ts';
import { readLinks } from '../continuations/links.ts';
import type { FlowBook } from '../flow-book.ts';
import type { DeadLetterRow } from '../store/store.ts';
import { assertOpen, type LetterDesk, traced } from './letters.ts';

export interface ReplayDesk extends GoOnDesk, LetterDesk {
  readonly flows: FlowBook;
}

/**
 * Lets a run go on from the step of a dead letter, and closes the letter. A letter makes one run at most, however often this is
 * tried. Throws ContractError `not_replayable`, `letter_closed`, and what a run that cannot go on throws.
 */
export async function replayLetter(
  letter: DeadLetterRow,
  by: string,
  desk: ReplayDesk,
): Promise<ContinuedRunAnswer> {
  assertOpen(letter);
  const answer = await goOnFrom(letter, desk);
  const { store, now } = desk;
  await store.changeDeadLetter(letter.id, (row) => {
    if (row.status !== 'open') return row;
    const deed = { what: 'replayed', by, atMs: now(), run: answer.run } as const;
    return { ...traced(row, deed), status: 'replayed' };
  });
  return answer;
}

async function goOnFrom(letter: DeadLetterRow, desk: ReplayDesk): Promise<ContinuedRunAnswer> {
  const { id, kind, path: from, runId, input } = letter;
  const { store, flows } = desk;
  const origin = runId === null ? undefined : await store.findRun(runId);
  if (origin === undefined || from === null || kind !== 'failed') {
    const advice = 'Put right what it says and submit the job again.';
    throw new ContractError(
      'not_replayable',
      `The dead letter ${id} is of no step of a run. ${advice}`,
    );
  }
  const edited = letter.trace.some(({ what }) => what === 'edited') ? input : null;
  const earlier = edited === null ? await replayOf(origin.id, from, desk) : undefined;
  if (earlier !== undefined) return { run: earlier, reused: [], savedCalls: 0, savedMicroUsd: 0 };
  const inputs = new Map<string, JsonObject>(edited === null ? [] : [[from, edited]]);
  const flow = await flows.pinned(origin, store);
  return goOn({ origin, flow, kind: 'replay', from, inputs, serial: id }, desk);
}

/** A run that goes on from another makes every step again that has no output there: several letters of one run are one replay. */
async function replayOf(
  origin: string,
  path: string,
  { store }: ReplayDesk,
): Promise<string | undefined> {
  const links = await readLinks(origin, store);
  const replay = links.findLast(({ kind }) => kind === 'replay');
  if (replay === undefined || (await store.readValue(origin, path)) !== undefined) return undefined;
  return replay.run;
}
