import { describe } from '../../shared/errors/describe.ts';
import { UnprocessableError } from '../../shared/errors/errors.ts';
import type { Delivery } from '../../shared/transport/transport.ts';
import { deadRow } from './messages.ts';
import type { OutboxRow } from './store/store.ts';
import type { Task } from './transition.ts';

/** What a delivery becomes that nothing can be done with: `unprocessable` when nobody could read it, else `failed`. */
export function parkedRow(delivery: Delivery, error: unknown, nowMs: number): OutboxRow {
  const key = error instanceof UnprocessableError ? 'unprocessable' : 'failed';
  const { code, message } = describe(error);
  return deadRow(delivery, key, { code, message, nowMs });
}

/** Parks a delivery that belongs to no run: its id is that of the parked message, which no run has. */
export function parkTask(delivery: Delivery, error: unknown, nowMs: number): Task {
  const row = parkedRow(delivery, error, nowMs);
  return {
    runId: row.id,
    decide: async (draft) => draft.publish(row),
    giveUp: (draft) => draft.publish(row),
  };
}
