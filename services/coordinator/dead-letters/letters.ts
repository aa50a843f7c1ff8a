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
  const [own] = row === undefined ? [] : await visibleLetters([row], desk);
  if (own === undefined)
    throw new ContractError('letter_unknown', `There is no dead letter ${id}.`);
  return own;
}

/** Those that belong to no run, or to one of the tenant's. */
export async function visibleLetters(
  rows: readonly DeadLetterRow[],
  { store, tenant }: LetterDesk,
): Promise<readonly DeadLetterRow[]> {
  const runs = [...new Set(rows.map(({ runId }) => runId))].filter((id) => id !== null);
  const found = await Promise.all(runs.map((id) => store.findRun(id)));
  const foreign = new Set(
    found.flatMap((run) => (run !== undefined && run.tenant !== tenant ? [run.id] : [])),
  );
  return rows.filter(({ runId }) => runId === null || !foreign.has(runId));
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
