import { z } from 'zod';
import { aboutPlan, PLANS_KEY, plansIn } from '../dead-letters/replay-plan.ts';
import { aboutLetter } from './about-letter.ts';
import { letterIdSchema, listFilterSchema } from './letter-filter.ts';
import { operation, type ReadingContext } from './operation.ts';
import { DEFAULT_PAGE, limitSchema, pageOf } from './page.ts';

const schema = listFilterSchema.extend({
  group: z.boolean().optional(),
  limit: limitSchema.optional(),
  before: letterIdSchema.optional(),
});

/** `dead.list`: dead letters that match, newest first; with `group` how many there are of each kind, code and model. */
export const deadList = operation(
  'dead.list',
  {
    schema,
    takes: '{ status?, kind?, code?, model?, group?, limit?: 1 to 1000, before?: a letter }',
  },
  async (args, { store, tenant }: ReadingContext) => {
    const { group = false, limit = DEFAULT_PAGE, before, ...asked } = args;
    const filter = { ...asked, tenant };
    const documents = await store.readDocuments(PLANS_KEY);
    const plans = plansIn(documents.get(PLANS_KEY)).filter((plan) => plan.tenant === tenant);
    const replays = plans.map(aboutPlan);
    if (group) {
      const groups = (await store.groupDeadLetters(filter)).map((each) => ({ ...each }));
      return { letters: [], groups, next: null, replays };
    }
    const { rows, next } = pageOf(await store.listDeadLetters(filter, limit + 1, before), limit);
    return { letters: rows.map(aboutLetter), groups: [], next, replays };
  },
);
