import { z } from 'zod';
import { budgetAmountsSchema } from '../../../shared/envelope/budget.ts';
import { jsonObjectSchema, pathSchema } from '../../../shared/envelope/envelope.ts';
import { goOn } from '../continuations/go-on.ts';
import { ownRun } from './find-run.ts';
import { type ActingContext, operation } from './operation.ts';
import { serialOf } from './wish.ts';

const schema = z.object({
  run: z.uuid(),
  from: pathSchema,
  input: jsonObjectSchema.optional(),
  budget: budgetAmountsSchema.optional(),
});

/** `run.rerun`: a new run makes a step, and all that comes after it, again. */
export const runRerun = operation(
  'run.rerun',
  { schema, takes: '{ run, from: the path of a step, input?, budget? }' },
  async ({ run, from, input, budget }, context: ActingContext) => {
    const origin = await ownRun(run, context);
    const flow = await context.flows.pinned(origin, context.store);
    const inputs = input === undefined ? {} : { inputs: new Map([[from, input]]) };
    const wish = { origin, flow, kind: 'rerun', from, serial: serialOf(context) } as const;
    const change = budget === undefined ? {} : { budget };
    return goOn({ ...wish, ...inputs, ...change }, context);
  },
);
