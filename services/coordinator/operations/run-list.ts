import { z } from 'zod';
import { nameSchema } from '../../../shared/envelope/envelope.ts';
import { aboutRun } from './about-run.ts';
import { operation, type ReadingContext } from './operation.ts';
import { DEFAULT_PAGE, limitSchema, pageOf } from './page.ts';

const schema = z.object({
  status: z
    .enum(['pending', 'running', 'succeeded', 'failed', 'cancelled', 'timed_out'])
    .optional(),
  flow: nameSchema.optional(),
  limit: limitSchema.optional(),
  before: z.uuid().optional(),
});

/** `run.list`: runs that match, newest first, a page at a time. */
export const runList = operation(
  'run.list',
  { schema, takes: '{ status?, flow?, limit?: 1 to 1000, before?: a run }' },
  async ({ status, flow, limit = DEFAULT_PAGE, before }, { store, tenant }: ReadingContext) => {
    const found = await store.listRuns({ status, flow, tenant }, limit + 1, before);
    const { rows, next } = pageOf(found, limit);
    return { runs: rows.map(aboutRun), next };
  },
);
