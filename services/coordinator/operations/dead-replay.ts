import { z } from 'zod';
import type { ReplayAnswer } from '../../../shared/client/verbs.ts';
import { ownLetter } from '../dead-letters/letters.ts';
import { replayLetter } from '../dead-letters/replay-letter.ts';
import { PLANS_KEY, plansIn, type ReplayPlan, withPlan } from '../dead-letters/replay-plan.ts';
import { nextLetter } from '../dead-letters/replays.ts';
import { groupFilterSchema, letterIdSchema } from './letter-filter.ts';
import { type ActingContext, operation } from './operation.ts';

const PER_MINUTE = 60;

const schema = z.union([
  z.object({ id: letterIdSchema }),
  z.object({
    filter: groupFilterSchema.omit({ kind: true }),
    perMinute: z.number().int().min(1).max(6_000).optional(),
  }),
]);

/**
 * `dead.replay`: the run of a letter goes on from its step, or those of all open letters that match go on one after the other, at
 * a limited rate.
 */
export const deadReplay = operation(
  'dead.replay',
  { schema, takes: '{ id } or { filter: { code?, model? }, perMinute?: 1 to 6000 }' },
  async (args, context: ActingContext) => {
    if (!('id' in args)) return plan(args, context);
    return replayLetter(await ownLetter(args.id, context), context.client, context);
  },
);

async function plan(
  {
    filter: { code, model },
    perMinute = PER_MINUTE,
  }: {
    filter: { code?: string | undefined; model?: string | undefined };
    perMinute?: number | undefined;
  },
  { id, client: by, tenant, store, now }: ActingContext,
): Promise<ReplayAnswer> {
  const filter = { ...(code ? { code } : {}), ...(model ? { model } : {}) };
  const groups = await store.groupDeadLetters({
    ...filter,
    status: 'open',
    kind: 'failed',
    tenant,
  });
  const made: ReplayPlan = {
    id,
    by,
    tenant,
    filter,
    perMinute,
    startedAtMs: now(),
    letters: groups.reduce((sum, { count }) => sum + count, 0),
    replayed: 0,
    failed: 0,
    lastFailure: null,
    nextId: await nextLetter({ filter, tenant }, undefined, store),
    nextAtMs: now(),
    holder: '',
    heldUntilMs: 0,
  };
  const document = await store.changeDocument(PLANS_KEY, (known) =>
    plansIn(known).some((one) => one.id === id) ? (known ?? {}) : withPlan(known, made),
  );
  const { letters } = plansIn(document).find((one) => one.id === id) ?? made;
  return { replay: id, letters, perMinute };
}
