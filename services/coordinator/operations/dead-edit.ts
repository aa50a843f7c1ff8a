import { z } from 'zod';
import { jsonObjectSchema } from '../../../shared/envelope/envelope.ts';
import type { JsonObject } from '../../../shared/envelope/json.ts';
import { ContractError } from '../../../shared/errors/errors.ts';
import { checkOwnReferences } from '../artifacts/own-references.ts';
import { assertOpen, ownLetter, traced } from '../dead-letters/letters.ts';
import { restore } from '../dead-letters/redact.ts';
import type { DeadLetterRow } from '../store/store.ts';
import { letterDetails } from './about-letter.ts';
import { letterIdSchema } from './letter-filter.ts';
import { type ActingContext, operation } from './operation.ts';

const schema = z.object({ id: letterIdSchema, input: jsonObjectSchema });

/** `dead.edit`: what its step will be asked when it is replayed. */
export const deadEdit = operation(
  'dead.edit',
  { schema, takes: '{ id: of a dead letter, input: an object }' },
  async ({ id, input }, context: ActingContext) => {
    const { store, client: by, now } = context;
    const { runId } = await ownLetter(id, context);
    const run = runId === null ? undefined : await store.findRun(runId);
    if (run !== undefined) checkOwnReferences(input, run);
    const edited = await store.changeDeadLetter(id, (row) => {
      assertOpen(row);
      assertOfStep(row);
      const whole = restore(input, row.input ?? undefined) as JsonObject;
      return { ...traced(row, { what: 'edited', by, atMs: now() }), input: whole };
    });
    return { letter: letterDetails(edited ?? (await ownLetter(id, context))) };
  },
);

function assertOfStep({ id, kind, path }: DeadLetterRow): void {
  if (kind === 'failed' && path !== null) return;
  throw new ContractError('not_replayable', `The dead letter ${id} is of no step of a run.`);
}
