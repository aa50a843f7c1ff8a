import { z } from 'zod';
import { nameSchema } from '../../../shared/envelope/envelope.ts';
import { ContractError } from '../../../shared/errors/errors.ts';
import { type ActingContext, operation } from './operation.ts';

const pauseSchema = z.object({
  model: nameSchema,
  reason: z.string().min(1).max(1_024).optional(),
});

/** `model.pause`: no more requests for a model, and its workers take none of those that wait. */
export const modelPause = operation(
  'model.pause',
  { schema: pauseSchema, takes: '{ model, reason? }' },
  async ({ model, reason }, context: ActingContext) => {
    await assertKnown(model, context);
    const pause = { paused: true, by: context.client, reason: reason ?? null };
    await context.pauses.set(model, pause);
    return { model, paused: true };
  },
);

/** `model.continue`: it goes on with what waits. */
export const modelContinue = operation(
  'model.continue',
  { schema: z.object({ model: nameSchema }), takes: '{ model }' },
  async ({ model }, context: ActingContext) => {
    await assertKnown(model, context);
    await context.pauses.set(model, { paused: false, by: context.client, reason: null });
    return { model, paused: false };
  },
);

async function assertKnown(model: string, { store, flows }: ActingContext): Promise<void> {
  const named = flows.flows.flatMap((flow) => flow.mayCall.map((one) => one.model));
  if (named.includes(model)) return;
  const announced = (await store.manifests()).map((row) => row.model);
  if (announced.includes(model)) return;
  const known = [...new Set([...named, ...announced])].sort().join(', ');
  throw new ContractError(
    'model_unknown',
    `No model ${model} was ever announced. ${known === '' ? 'None was.' : `There are: ${known}.`}`,
  );
}
