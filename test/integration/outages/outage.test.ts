import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PrivateBroker } from '../../support/broker/running-broker.ts';
import { startPrivateBroker, type TestBroker, testBroker } from '../../support/broker.ts';
import type { Child } from '../../support/child-process.ts';
import { eventually } from '../../support/eventually.ts';
import type { PrivatePostgres } from '../../support/postgres/running-postgres.ts';
import { startPrivatePostgres, type TestDatabase, testDatabase } from '../../support/postgres.ts';
import { ProcessFleet } from '../../support/process-fleet.ts';

const OUTAGE_MS = 60_000;
const JOBS = 8;
/** Calls of the first round: they begin before the outage and end in it. */
const CALLS = 4 * JOBS;
const RESUMES_WITHIN_MS = 30_000;

const step = (id: string, more: object = {}) => ({
  step: id,
  model: 'timed',
  input: { ms: `payload.${id}Ms`, n: 'payload.n' },
  ...more,
});

/** The time of `brief` and of the join of `pair` is over in the outage, and a silence of `quiet` is no longer explained. */
const flow = {
  flow: 'outage',
  version: 1,
  description: 'Steps whose time is over while nobody can be heard.',
  input: { type: 'object' },
  deadline: '10m',
  do: [
    {
      parallel: 'fan',
      branches: [
        {
          branch: 'joined',
          do: [
            { parallel: 'pair', join: { within: '30s' }, branches: [step('left'), step('right')] },
          ],
        },
        step('brief', { within: '30s', timeout: '25s' }),
        step('quiet', { timeout: '25s' }),
      ],
    },
    step('last', { timeout: '5s' }),
  ],
  output: { n: 'context.last.n' },
};

interface Outage {
  /** Left out: the broker of the test run, in a place of its own. */
  readonly amqp?: string;
  readonly database?: string;
  readonly workers: number;
  begin(coordinators: readonly Child[]): Promise<unknown>;
  end(fleet: ProcessFleet): Promise<unknown>;
}

let broker: PrivateBroker;
let postgres: PrivatePostgres;
const lent: { stop(): Promise<void> }[] = [];

beforeAll(async () => {
  [broker, postgres] = await Promise.all([startPrivateBroker(), startPrivatePostgres()]);
});

afterAll(async () => {
  await Promise.all([broker?.stop(), postgres?.stop(), ...lent.map((place) => place.stop())]);
});

async function lend(place: Promise<TestBroker | TestDatabase>): Promise<string> {
  const lentPlace = await place;
  lent.push(lentPlace);
  return lentPlace.url;
}

/** Eight runs in mid-call, the outage, and what came of them. */
async function through({ amqp, database, workers, begin, end }: Outage) {
  const fleet = await ProcessFleet.open(flow, {
    amqp: amqp ?? (await lend(testBroker())),
    database: database ?? (await lend(testDatabase())),
  });
  try {
    const coordinators = await Promise.all([fleet.coordinator(), fleet.coordinator()]);
    for (let number = 0; number < workers; number += 1) await fleet.worker('timed');
    const runs = await Promise.all(
      Array.from({ length: JOBS }, (_, n) => {
        const ms = { leftMs: 12_000 + 1_000 * n, rightMs: 15_000, briefMs: 19_000 - 500 * n };
        return fleet.client.submit('outage', { n, ...ms, quietMs: 20_000, lastMs: 10 });
      }),
    );
    await eventually(() => fleet.called.length === CALLS, { timeoutMs: 15_000 });
    // What was sent is noted with the next transaction, at most 0.2 s later.
    await pause(500);
    const ended = fleet.ended.length;
    await begin(coordinators);
    await pause(OUTAGE_MS);
    const endedInside = fleet.ended.length - ended;
    const endsMs = Date.now();
    await end(fleet);
    const endedMs = Date.now();
    const results = await Promise.all(
      runs.map(({ run }) => fleet.client.result(run, { timeoutMs: 60_000 })),
    );
    const history = (await Promise.all(runs.map(({ run }) => fleet.history(run)))).flat();
    const progress = history.map(({ at }) => Date.parse(at)).filter((atMs) => atMs > endsMs);
    const types = history.map(({ type }) => type);
    return {
      endedInside,
      calls: fleet.called.length,
      calledAgain: fleet.calledAgain,
      outputs: results.map(({ run, payload }) => [run.status, payload, run.missing]),
      timedOut: types.filter((type) => type === 'attempt_timed_out').length,
      retried: types.filter((type) => type === 'retry_scheduled').length,
      resumed: Math.min(...progress) - endedMs < RESUMES_WITHIN_MS,
    };
  } finally {
    await fleet.close();
  }
}

const untouched = {
  endedInside: CALLS,
  calls: CALLS + JOBS,
  calledAgain: [],
  outputs: Array.from({ length: JOBS }, (_, n) => ['succeeded', { n: n + 1 }, []]),
  timedOut: 0,
  retried: 0,
  resumed: true,
};

describe.concurrent('an outage of 60 s while workers finish their calls runs no call again and times no step out', () => {
  it('of the coordinators', { timeout: 180_000 }, async () => {
    const found = await through({
      workers: 2,
      begin: (coordinators) => Promise.all(coordinators.map((child) => child.kill())),
      end: (fleet) => Promise.all([fleet.coordinator(), fleet.coordinator()]),
    });
    expect(found).toEqual(untouched);
  });

  it('of the broker', { timeout: 180_000 }, async () => {
    const found = await through({
      amqp: broker.url,
      workers: 2,
      begin: () => broker.halt('killed'),
      end: () => broker.start(),
    });
    expect(found).toEqual(untouched);
  });

  it('of the database', { timeout: 180_000 }, async () => {
    const found = await through({
      database: postgres.url,
      workers: 2,
      begin: () => postgres.halt('killed'),
      end: () => postgres.start(),
    });
    expect(found).toEqual(untouched);
  });
});
