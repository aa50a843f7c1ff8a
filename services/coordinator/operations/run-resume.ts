import { z } from 'zod';
import { budgetAmountsSchema } from '../../../shared/envelope/budget.ts';
import { ContractError } from '../../../shared/errors/errors.ts';
import { goOn } from '../continuations/go-on.ts';
import { heldCalls } from '../engine/open-calls.ts';
import { ownRun } from './find-run.ts';
import { type ActingContext, operation } from './operation.ts';
import { tellRun } from './tell-run.ts';
import { serialOf } from './wish.ts';

const schema = z.object({ run: z.uuid(), budget: budgetAmountsSchema.optional() });

/**
 * `run.resume`: a run that has failed goes on as a new one, from its first step without an output; one that its budget holds
 * back goes on itself.
 */
export const runResume = operation(
  'run.resume',
  { schema, takes: '{ run, budget?: { calls?, tokens?, microUsd?, computeMs? } }' },
  async ({ run: id, budget }, context: ActingContext) => {
    const { store, flows } = context;
    const origin = await ownRun(id, context);
    const change = budget === undefined ? {} : { budget };
    if (origin.finishedAtMs === null) {
      return tellRun(id, context, async (draft) => {
        if (!draft.run || !heldCalls(draft.run).some(({ phase }) => phase.why === 'budget')) {
          throw new ContractError(
            'run_open',
            `Run ${id} is ${draft.run?.status}, and not held back by its budget: there is nothing to resume.`,
          );
        }
        await draft.tell({ type: 'resumed', ...change });
        return { run: id, reused: [], savedCalls: 0, savedMicroUsd: 0 };
      });
    }
    const flow = await flows.pinned(origin, store);
    const wish = { origin, flow, kind: 'resume', from: null, serial: serialOf(context) } as const;
    return goOn({ ...wish, ...change }, context);
  },
);
