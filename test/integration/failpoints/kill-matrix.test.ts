import { afterAll, describe, expect, it } from 'vitest';
import { cell } from './cell.ts';
import { FleetPool, type Kind } from './fleet-pool.ts';

/**
 * Each point of the protocol × kill -9, against real RabbitMQ, SQLite and PostgreSQL: a flow with a retry, a fan-out of four,
 * a join, a route and a loop. `cell` holds every run to the same end; here is what a crash may cost.
 */
const fleets = new FleetPool();

afterAll(() => fleets.close());

/** Model calls beyond the flow's own, and how many replies may be recorded as duplicates. */
type Costs = readonly [moreCalls: number, duplicates: readonly number[]];
type Cell = readonly [point: string, when: string, failpoints: readonly string[], costs: Costs];

const nothing: Costs = [0, [0]];
const calledAgain: Costs = [1, [0]];
const answeredTwice: Costs = [1, [1]];
const redelivered: Costs = [0, [1]];
/** The acks of the branches before the last may not have left. */
const nearlyRedelivered: Costs = [0, [0, 1, 2, 3]];
/** Up to four requests leave twice, if they are open when the relay comes to them; the worker answers from its memory. */
const publishedTwice: Costs = [0, [0, 1, 2, 3, 4]];

/**
 * A worker dies at the sixth passage: the last branch of the fan-out, whose reply fires the join. In the cells C3, C4, C5, C8
 * and C11 the coordinator dies where the answer of the second attempt has opened the fan-out. Nothing else is on its way then.
 */
const workerCells: readonly Cell[] = [
  ['W1', 'delivered, not verified', ['W1:6'], nothing],
  ['W2', 'verified, before the model call', ['W2:6'], nothing],
  ['W3', 'during the model call', ['W3:6'], calledAgain],
  ['W4', 'model done, before its reply is built', ['W4:6'], calledAgain],
  ['W5', 'reply built, before it is published', ['W5:6'], calledAgain],
  ['W6', 'published, no confirm yet', ['W6:6'], answeredTwice],
  ['W7', 'confirmed, before the ack', ['W7:6'], answeredTwice],
  ['W8', 'after the ack', ['W8:6'], nothing],
];

const coordinatorCells: readonly Cell[] = [
  ['C11', 'with a lease on outbox rows that another left', ['C3:3', 'C11'], redelivered],
  ['C1', 'job delivered, before the commit', ['C1'], nothing],
  ['C2', 'job committed, before the ack', ['C2'], nothing],
  ['C3', 'before the outbox is published', ['C3:3'], redelivered],
  ['C4', 'published, no confirm yet', ['C4:3'], publishedTwice],
  ['C5', 'confirmed, before the outbox rows are marked', ['C5:3'], publishedTwice],
  ['C6', 'reply delivered, before the transaction', ['C6:3'], nothing],
  ['C7', 'inside the transaction that fires the join', ['C7'], nearlyRedelivered],
  ['C8', 'reply committed, before the ack', ['C8:2'], redelivered],
  ['C9', 'timer fired, before the commit', ['C9'], nothing],
  ['C10', 'result committed, before it is published', ['C10'], redelivered],
];

const columns: readonly (readonly [Kind, readonly Cell[]])[] = [
  [{ victim: 'coordinator', store: 'postgres' }, coordinatorCells],
  [{ victim: 'coordinator', store: 'sqlite' }, coordinatorCells],
  [{ victim: 'worker', store: 'sqlite' }, workerCells],
];

/** One of each column in turn: what runs side by side then needs few fleets of a kind. */
const rows = coordinatorCells.flatMap((_, index) =>
  columns.flatMap(([kind, cells]) => {
    const [point, when, failpoints, costs] = cells[index] ?? [];
    return point && failpoints && costs ? [{ ...kind, point, when, failpoints, costs }] : [];
  }),
);

/** On a loaded machine a confirm may be read in the very turn in which the process is to die. */
const MAX_TRIES = 5;

/** The confirm came before the kill: that was the crash of another cell, whose end state it had. */
function isTooLate(point: string, { moreCalls }: { readonly moreCalls: number }): boolean {
  return point === 'W6' && moreCalls === 0;
}

describe.concurrent('kill -9', () => {
  it.each(rows)(
    'at $point ($victim, $store: $when) leaves a run as if nothing had been',
    async ({ point, victim, store, failpoints, costs: [moreCalls, duplicates] }) => {
      const attempt = () =>
        fleets.use({ victim, store }, (fleet) => cell(fleet, victim, failpoints));
      let cost = await attempt();
      for (let tries = 1; isTooLate(point, cost) && tries < MAX_TRIES; tries += 1) {
        cost = await attempt();
      }
      expect(cost.moreCalls).toBe(moreCalls);
      expect(duplicates).toContain(cost.duplicates);
    },
    90_000,
  );
});
