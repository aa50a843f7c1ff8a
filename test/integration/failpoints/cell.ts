import { expect } from 'vitest';
import type { MatrixFleet, Service } from './matrix-fleet.ts';

/** The calls that a run of the flow `matrix` makes when nothing goes wrong. */
const CALLS = 12;

/** What holds in every cell. */
const wholeRun = {
  status: 'succeeded',
  payload: { n: 131, rounds: 2 },
  dispatched: CALLS,
  accepted: CALLS,
  acceptedTwice: [],
  joins: ['fan'],
  begun: 1,
  ended: 1,
  open: [],
};

/** What a crash cost. */
interface Cost {
  /** Model calls beyond the twelve. */
  readonly moreCalls: number;
  /** Replies that were recorded and changed nothing. */
  readonly duplicates: number;
}

interface Entry {
  readonly type: string;
  readonly path?: string;
  readonly attempt?: number;
}

/**
 * One cell: a run whose victim is killed with -9 at a failpoint, its successor at the next one, and the last successor at
 * none. Holds the end of the run against what it must be in every cell, and answers what the crashes cost.
 */
export async function cell(
  fleet: MatrixFleet,
  victim: Service,
  failpoints: readonly string[],
): Promise<Cost> {
  const { client } = fleet;
  const { run } = await client.submit('matrix', { n: 5 });
  const result = client.result(run, { timeoutMs: 60_000 });
  for (const failpoint of failpoints) {
    const killed = fleet.start(victim, failpoint).died();
    const end = await Promise.race([killed, result.then(({ run: { status } }) => status)]);
    expect(end, `the end of the process that was to die at ${failpoint}`).toBe('SIGKILL');
  }
  const successor = fleet.start(victim);
  await result;
  // Queues are in order: when this call is answered, whatever the crash left in them was handled before.
  await client.call('matrix-model', { act: 'add', numbers: [1] });
  const cost = costOf(await client.operation('run.get', { run }), fleet.calls(run));
  expect(await successor.stop()).toBe(0);
  return cost;
}

function costOf(answer: object, calls: readonly string[]): Cost {
  const { run, open, history, result } = answer as {
    run: { status: string };
    open: object[];
    history: Entry[];
    result: { payload: unknown };
  };
  const count = (type: string) => history.filter((entry) => entry.type === type).length;
  const accepted = history
    .filter(({ type }) => type === 'reply_accepted')
    .map(({ path, attempt }) => `${path}#${attempt}`);
  expect({
    status: run.status,
    payload: result.payload,
    dispatched: count('attempt_dispatched'),
    accepted: accepted.length,
    acceptedTwice: accepted.filter((key, index) => accepted.indexOf(key) !== index),
    joins: history.filter(({ type }) => type === 'join_fired').map(({ path }) => path),
    begun: count('run_accepted'),
    ended: count('run_finished'),
    open,
  }).toEqual(wholeRun);
  expect(new Set(calls)).toEqual(new Set(accepted));
  return { moreCalls: calls.length - CALLS, duplicates: count('reply_duplicate') };
}
