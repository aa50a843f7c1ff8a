import { z } from 'zod';
import { pathSchema } from '../../../shared/envelope/envelope.ts';
import type { JsonValue } from '../../../shared/envelope/json.ts';
import { ContractError } from '../../../shared/errors/errors.ts';
import { checkOwnReferences } from '../artifacts/own-references.ts';
import { openWaits } from '../engine/open-calls.ts';
import type { RunDraft } from '../run-draft.ts';
import { type ActingContext, operation } from './operation.ts';
import { tellRun } from './tell-run.ts';

const schema = z.object({
  run: z.uuid(),
  path: pathSchema,
  value: z.custom<JsonValue>((value) => value !== undefined),
});

/** `run.signal`: answers a node that waits. Fails with `not_waiting`, or `answer_invalid` when it does not fit what is asked. */
export const runSignal = operation(
  'run.signal',
  { schema, takes: '{ run, path: of a node that waits, value }' },
  async ({ run, path, value }, context: ActingContext) => {
    const refused = await tellRun(run, context, async (draft) => {
      assertWaiting(draft, path);
      if (draft.run !== undefined) checkOwnReferences(value, draft.run);
      const before = draft.history.length;
      await draft.tell({ type: 'signalled', path, value, by: context.client });
      const refusal = draft.history.slice(before).find(({ type }) => type === 'signal_refused');
      return refusal?.message ?? null;
    });
    if (refused !== null) {
      throw new ContractError('answer_invalid', `The answer does not fit ${path}: ${refused}.`);
    }
    return { run, path };
  },
);

function assertWaiting({ run }: RunDraft, path: string): void {
  const waits = run === undefined ? [] : openWaits(run).map((wait) => wait.path);
  if (waits.includes(path)) return;
  const where = waits.length === 0 ? 'It waits for nothing.' : `It waits at ${waits.join(', ')}.`;
  throw new ContractError('not_waiting', `Run ${run?.id} does not wait at ${path}. ${where}`);
}
