import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestBroker, testBroker } from '../../support/broker.ts';
import { overload } from '../../support/overload.ts';

let broker: TestBroker;

beforeAll(async () => {
  broker = await testBroker();
});

afterAll(() => broker.stop());

describe('a model that is asked for 140 % of what it can do, and then for 80 %', () => {
  it('wastes no call, and no run fails that has time left', async () => {
    const { jobs, failedInTime, timedOut, wasted } = await overload(broker, 5_000);
    expect({ failedInTime, wasted }).toEqual({ failedInTime: [], wasted: [] });
    expect(jobs).toBeGreaterThan(1_000);
    // Without a queue that grew nothing was proven.
    expect(timedOut).toBeGreaterThan(0);
  }, 120_000);
});
