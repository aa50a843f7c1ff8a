import { z } from 'zod';
import { assertOpen, ownLetter, traced } from '../dead-letters/letters.ts';
import type { DeadLetterRow } from '../store/store.ts';
import { groupFilterSchema, letterIdSchema } from './letter-filter.ts';
import { type ActingContext, operation } from './operation.ts';

/** Most letters of one operation: each is a change of its own, and somebody waits for the answer. */
const AT_ONCE = 1_000;

const schema = z.union([z.object({ id: letterIdSchema }), z.object({ filter: groupFilterSchema })]);

/** `dead.drop`: closes letters that nobody will replay. They stay where they are. */
export const deadDrop = operation(
  'dead.drop',
  { schema, takes: '{ id } or { filter: { kind?, code?, model? } }' },
  async (args, context: ActingContext) => {
    if ('id' in args) {
      await drop(await ownLetter(args.id, context), context);
      return { dropped: 1, left: 0 };
    }
    const filter = { ...args.filter, status: 'open', tenant: context.tenant } as const;
    const found = await context.store.listDeadLetters(filter, AT_ONCE);
    for (const row of found) await drop(row, context);
    const groups = await context.store.groupDeadLetters(filter);
    return { dropped: found.length, left: groups.reduce((sum, { count }) => sum + count, 0) };
  },
);

async function drop({ id }: DeadLetterRow, context: ActingContext): Promise<void> {
  const { store, client: by, now } = context;
  await store.changeDeadLetter(id, (row) => {
    if (row.status === 'dropped') return row;
    assertOpen(row);
    return { ...traced(row, { what: 'dropped', by, atMs: now() }), status: 'dropped' };
  });
}
