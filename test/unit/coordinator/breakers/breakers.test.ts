import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Breakers } from '../../../../services/coordinator/breakers/breakers.ts';
import { openSqliteStore } from '../../../../services/coordinator/store/sqlite/sqlite-store.ts';
import type { HistoryRow, Store } from '../../../../services/coordinator/store/store.ts';
import type { BreakerPolicy } from '../../../../shared/flow/kernel.ts';
import { silentLogger as logger } from '../../../../shared/telemetry/logger.ts';

const policy: BreakerPolicy = {
  failureRate: 0.5,
  slowRate: 1,
  minCalls: 4,
  windowMs: 10_000,
  openMs: 5_000,
  probes: 2,
};

let store: Store;
let nowMs: number;
let one: Breakers;
let two: Breakers;

const book = (instance: string) => new Breakers({ store, instance, logger, now: () => nowMs });
const rows = (history: readonly HistoryRow[]) => ({
  runs: [],
  history,
  outbox: [],
  ended: [],
  held: [],
});

/** A coordinator hears the answers of so many calls. */
function hear(breakers: Breakers, status: 'succeeded' | 'failed', attempts: readonly string[]) {
  breakers.committed(
    rows(
      attempts.map((runId) => ({
        runId,
        atMs: nowMs,
        type: 'reply_accepted',
        path: 'a',
        attempt: 1,
        facts: { model: 'echo', status, retryable: true },
      })),
    ),
  );
}

function leave(breakers: Breakers, attempts: readonly string[]) {
  breakers.committed(
    rows(
      attempts.map((runId) => ({
        runId,
        atMs: nowMs,
        type: 'attempt_dispatched',
        path: 'a',
        attempt: 1,
        facts: { model: 'echo' },
      })),
    ),
  );
}

const callable = (breakers: Breakers) => breakers.facts('echo', policy).callable;

/** A second passes for both. */
async function second() {
  nowMs += 1_000;
  for (const breakers of [one, two]) await breakers.share();
}

beforeEach(async () => {
  store = openSqliteStore(':memory:');
  nowMs = 1_000_000;
  [one, two] = [book('one'), book('two')];
  expect([callable(one), callable(two)]).toEqual([Infinity, Infinity]);
});
afterEach(async () => {
  for (const breakers of [one, two]) await breakers.stop();
  await store.close();
});

async function opened() {
  hear(one, 'failed', ['a', 'b', 'c', 'd']);
  await one.stop();
  await second();
}

describe('breakers of two coordinators', () => {
  it('are open for both within a second', async () => {
    await opened();
    expect([callable(one), callable(two)]).toEqual([0, 0]);
    expect(two.states()).toMatchObject([{ model: 'echo', state: 'open', untilMs: 1_005_000 }]);
  });

  it('open for failures that each has seen too few of', async () => {
    hear(one, 'failed', ['a', 'b']);
    hear(two, 'failed', ['c', 'd']);
    await second();
    await second();
    expect([callable(one), callable(two)]).toEqual([0, 0]);
  });

  it('write nothing as long as all calls are well', async () => {
    for (let n = 0; n < 3; n += 1) {
      hear(one, 'succeeded', [`a${n}`, `b${n}`]);
      await second();
    }
    expect(await store.readDocuments('breaker/')).toEqual(new Map());
  });

  it('let one coordinator probe, and close for both when its probes succeeded', async () => {
    await opened();
    nowMs += 5_000;
    // Both ask at the same time.
    expect([callable(one), callable(two)]).toEqual([0, 0]);
    await Promise.all([one.stop(), two.stop()]);
    const probes = [callable(one), callable(two)];
    expect(probes.sort()).toEqual([0, 2]);
    const [by, other] = callable(one) === 2 ? [one, two] : [two, one];
    leave(by, ['p', 'q']);
    expect(callable(by)).toBe(0);
    // The other hears one of the answers.
    hear(by, 'succeeded', ['p']);
    hear(other, 'succeeded', ['q']);
    for (let n = 0; n < 3; n += 1) await second();
    expect([callable(one), callable(two)]).toEqual([Infinity, Infinity]);
  });

  it('open again for both when a probe failed that the other heard of', async () => {
    await opened();
    nowMs += 5_000;
    callable(one);
    await one.stop();
    await second();
    leave(one, ['p']);
    hear(two, 'failed', ['p']);
    for (let n = 0; n < 3; n += 1) await second();
    expect([one, two].map((breakers) => breakers.states()[0]?.state)).toEqual(['open', 'open']);
  });

  it('are probed by another when who probed is not heard any more', async () => {
    await opened();
    nowMs += 5_000;
    callable(one);
    await one.stop();
    for (let n = 0; n < 12; n += 1) {
      nowMs += 1_000;
      await two.share();
      callable(two);
    }
    await two.stop();
    expect(callable(two)).toBe(2);
  });

  it('are known to a coordinator that begins', async () => {
    await opened();
    const three = book('three');
    await three.share();
    expect(callable(three)).toBe(0);
  });

  it('are of each policy alone', async () => {
    const patient = { ...policy, minCalls: 100 };
    expect(one.facts('echo', patient).callable).toBe(Infinity);
    hear(one, 'failed', ['a', 'b', 'c', 'd']);
    expect(one.facts('echo', patient).callable).toBe(Infinity);
    expect(callable(one)).toBe(0);
  });
});
