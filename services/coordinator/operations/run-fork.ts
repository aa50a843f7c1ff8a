import { z } from 'zod';
import { pathSchema } from '../../../shared/envelope/envelope.ts';
import { ContractError } from '../../../shared/errors/errors.ts';
import { goOn } from '../continuations/go-on.ts';
import { ownRun } from './find-run.ts';
import { type ActingContext, operation } from './operation.ts';
import { serialOf } from './wish.ts';

const schema = z.object({
  run: z.uuid(),
  from: pathSchema,
  flowVersion: z.number().int().positive().optional(),
});

/** `run.fork`: a new run goes on from a step, under another version of the flow where one is named. */
export const runFork = operation(
  'run.fork',
  { schema, takes: '{ run, from: the path of a step, flowVersion? }' },
  async ({ run, from, flowVersion }, context: ActingContext) => {
    const { flows, store } = context;
    const origin = await ownRun(run, context);
    const flow =
      flowVersion === undefined
        ? await flows.pinned(origin, store)
        : flows.find(origin.flow, flowVersion);
    if (flow === undefined) {
      const name = `${origin.flow} v${flowVersion}`;
      throw new ContractError('flow_unknown', `No flow ${name} is loaded here.`);
    }
    return goOn({ origin, flow, kind: 'fork', from, serial: serialOf(context) }, context);
  },
);
