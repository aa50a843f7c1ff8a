import type { JsonObject } from '../../../shared/envelope/json.ts';
import { ContractError } from '../../../shared/errors/errors.ts';
import type { DeadLetterRow, Store } from '../store/store.ts';

/** Who looks at dead letters. */
export interface LetterDesk {
  readonly store: Store;
  readonly tenant: string;
}

/** Something an operator did with a letter. */
export interface Deed {
  readonly what: 'edited' | 'replayed' | 'dropped';
  readonly by: string;
  readonly atMs: number;
  /** The run that goes on from it. */
  readonly run?: string;
}

/** A letter that the tenant may see. Throws ContractError `letter_unknown`. */
export async function ownLetter(id: string, desk: LetterDesk): Promise<DeadLetterRow> {
  // Reading it is changing nothing of it.
  const row = await desk.store.changeDeadLetter(id, (known) => known);
  if (row !== undefined && (await isVisible(row, desk))) return row;
  throw new ContractError('letter_unknown', `There is no dead letter ${id}.`);
}

/** It belongs to no run, or to one of the tenant's: lists ask the store for the same. */
async function isVisible({ runId }: DeadLetterRow, { store, tenant }: LetterDesk) {
  const run = runId === null ? undefined : await store.findRun(runId);
  return run === undefined || run.tenant === tenant;
}

/** The letter with one more line of its trace. */
export function traced(row: DeadLetterRow, { what, by, atMs, run }: Deed): DeadLetterRow {
  const line: JsonObject = {
    at: new Date(atMs).toISOString(),
    by,
    what,
    ...(run === undefined ? {} : { run }),
  };
  return { ...row, trace: [...row.trace, line] };
}

/** Throws ContractError `letter_closed` for one that was replayed or dropped. */
export function assertOpen({ id, status }: DeadLetterRow): void {
  if (status === 'open') return;
  throw new ContractError('letter_closed', `The dead letter ${id} was ${status} already.`);
}
