import { ContractError } from '../../../shared/errors/errors.ts';
import type { Run } from '../engine/run.ts';
import type { ReadingContext } from './operation.ts';

/** The run of this id, if the tenant that asks has it. Throws ContractError `run_unknown`. */
export async function ownRun(
  id: string,
  { store, tenant }: Pick<ReadingContext, 'store' | 'tenant'>,
): Promise<Run> {
  const run = await store.findRun(id);
  if (run?.tenant !== tenant) throw runUnknown(id);
  return run;
}

export function runUnknown(id: string): ContractError {
  return new ContractError('run_unknown', `There is no run ${id}.`);
}
