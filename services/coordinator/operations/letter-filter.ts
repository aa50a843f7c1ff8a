import { z } from 'zod';
import { nameSchema } from '../../../shared/envelope/envelope.ts';

const code = z.string().regex(/^[a-z][a-z0-9_]{0,63}$/);

/** Which letters a list is about. */
export const listFilterSchema = z.object({
  status: z.enum(['open', 'replayed', 'dropped']).optional(),
  kind: z.enum(['failed', 'unprocessable']).optional(),
  code: code.optional(),
  model: nameSchema.optional(),
});

/** Which open letters something is done with; strict, so that a word with a typing error does not mean all of them. */
export const groupFilterSchema = z.strictObject({
  status: z.literal('open').optional(),
  kind: z.enum(['failed', 'unprocessable']).optional(),
  code: code.optional(),
  model: nameSchema.optional(),
});

export const letterIdSchema = z.uuid();
