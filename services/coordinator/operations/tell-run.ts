import type { JsonValue } from '../../../shared/envelope/json.ts';
import { FleetError } from '../../../shared/errors/errors.ts';
import type { RunDraft } from '../run-draft.ts';
import { runUnknown } from './find-run.ts';
import type { ActingContext } from './operation.ts';
import { serialOf } from './wish.ts';

type Told<T> = { readonly answer: T } | { readonly error: unknown };

/**
 * Does something to a run in a transaction of the coordinator's, and answers what `work` answers. The answer is kept beside the
 * run's values: the same operation again has the same answer and does nothing more. Throws ContractError `run_unknown`, what
 * `work` throws, and ShutdownError when the process stops first.
 */
export async function tellRun<T extends JsonValue>(
  runId: string,
  context: Pick<ActingContext, 'commits' | 'tenant' | 'client' | 'id'>,
  work: (draft: RunDraft) => Promise<T>,
): Promise<T> {
  const { commits, tenant } = context;
  const key = `$operation/${serialOf(context)}`;
  let told: Told<T> = { error: new FleetError('not_told', `Run ${runId} was not told.`) };
  await commits.commit([
    {
      runId,
      async decide(draft) {
        if (draft.run?.tenant !== tenant) throw runUnknown(runId);
        const before = await draft.read(key);
        const answer = before === undefined ? await work(draft) : (before as T);
        if (before === undefined) draft.write(key, answer);
        told = { answer };
      },
      giveUp(_draft, error) {
        told = { error };
      },
    },
  ]);
  return answerOf(told);
}

function answerOf<T>(told: Told<T>): T {
  if ('error' in told) throw told.error;
  return told.answer;
}
