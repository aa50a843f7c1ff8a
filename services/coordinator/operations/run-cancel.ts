import { z } from 'zod';
import { ContractError } from '../../../shared/errors/errors.ts';
import { type ActingContext, operation } from './operation.ts';
import { tellRun } from './tell-run.ts';

const schema = z.object({ run: z.uuid(), reason: z.string().min(1).max(1_024).optional() });

/** `run.cancel`: ends an open run, and tells the workers that are at it. Again: nothing more happens. */
export const runCancel = operation(
  'run.cancel',
  { schema, takes: '{ run, reason? }' },
  ({ run: id, reason }, context: ActingContext) =>
    tellRun(id, context, async (draft) => {
      const before = draft.run?.status;
      if (draft.run?.finishedAtMs === null) {
        await draft.tell({
          type: 'cancelled',
          reason: reason ?? `${context.client} cancelled it.`,
        });
      } else if (before !== 'cancelled') {
        throw new ContractError('run_ended', `Run ${id} has ended already: ${before}.`);
      }
      return { run: id, status: 'cancelled' as const };
    }),
);
