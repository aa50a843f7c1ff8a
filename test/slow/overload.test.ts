import { expect, it } from 'vitest';
import { testBroker } from '../support/broker.ts';
import { overload } from '../support/overload.ts';

it('a model that is asked for 140 % for 20 s, and then for 80 %, wastes no call; no run fails that has time left', async () => {
  const broker = await testBroker();
  try {
    const { failedInTime, timedOut, wasted } = await overload(broker, 20_000);
    expect({ failedInTime, wasted }).toEqual({ failedInTime: [], wasted: [] });
    expect(timedOut).toBeGreaterThan(0);
  } finally {
    await broker.stop();
  }
}, 240_000);
