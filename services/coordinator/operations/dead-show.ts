import { z } from 'zod';
import { ownLetter } from '../dead-letters/letters.ts';
import { letterDetails } from './about-letter.ts';
import { letterIdSchema } from './letter-filter.ts';
import { operation, type ReadingContext } from './operation.ts';

/** `dead.show`: one dead letter, with what is in it and what was done with it. */
export const deadShow = operation(
  'dead.show',
  { schema: z.object({ id: letterIdSchema }), takes: '{ id: of a dead letter }' },
  async ({ id }, context: ReadingContext) => ({
    letter: letterDetails(await ownLetter(id, context)),
  }),
);
