import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ReplayStatus } from '../../../shared/client/verbs.ts';
import { eventually } from '../../support/eventually.ts';
import { type FailingChain, failingChain } from '../../support/failing-chain.ts';
import type { InProcessFleet } from '../../support/in-process-fleet.ts';
import { plainOperations } from '../../support/plain-operations.ts';

let chain: FailingChain;
let fleet: InProcessFleet;
let client: FailingChain['client'];

beforeEach(async () => {
  chain = await failingChain();
  ({ fleet, client } = chain);
});

afterEach(async () => {
  await fleet.close();
  expect(fleet.errors).toEqual([]);
});

describe('dead.replay of a group', () => {
  const plans = async () => (await client.operation('dead.list', {})).replays;
  const done = (count = 1): Promise<readonly ReplayStatus[]> =>
    eventually(
      async () => {
        const found = await plans();
        return found.length === count && found.every((plan) => plan.done) && found;
      },
      { timeoutMs: 10_000, intervalMs: 50 },
    );

  it('replays each that matches, and none that came since', async () => {
    await chain.coordinate();
    const { ids } = await chain.failed('a', 'b', 'c');
    // It fails again, and its new letter must not be replayed in a circle.
    chain.hard.clear();
    chain.hard.add('c1');
    const group = { filter: { code: 'too_hard' }, perMinute: 60 };
    expect(await client.operation('dead.replay', group)).toMatchObject({ letters: 3 });
    expect(await done()).toMatchObject([{ letters: 3, replayed: 3, failed: 0, by: 'ann' }]);
    for (const id of ids) expect((await chain.letter(id)).status).toBe('replayed');
    const left = await eventually(async () => {
      const { letters } = await client.operation('dead.list', { status: 'open' });
      return letters.length === 1 && letters;
    });
    expect(ids).not.toContain(left[0]?.id);
    expect((await client.operation('run.list', { status: 'succeeded' })).runs).toHaveLength(2);
  });

  it('keeps to its rate', async () => {
    await chain.coordinate();
    const { ids } = await chain.failed('a', 'b', 'c');
    chain.hard.clear();
    await client.operation('dead.replay', { filter: {}, perMinute: 60 });
    await done();
    const at = await Promise.all(
      ids.map(async (id) => Date.parse(String((await chain.letter(id)).trace[0]?.['at']))),
    );
    at.sort((one, other) => one - other);
    const [first = 0] = at;
    expect((at.at(-1) ?? 0) - first).toBeGreaterThanOrEqual(1_000);
  });

  it('goes on with the next coordinator when the first is gone', async () => {
    const first = await chain.coordinate();
    await chain.failed('a', 'b');
    chain.hard.clear();
    await client.operation('dead.replay', { filter: {}, perMinute: 6_000 });
    await first.stop();
    await chain.coordinate();
    expect(await done()).toMatchObject([{ replayed: 2, failed: 0 }]);
    expect((await client.operation('run.list', {})).runs).toHaveLength(4);
  });

  it('delivered twice is one plan; of nothing it is done at once', async () => {
    await chain.coordinate();
    await chain.failed('a');
    chain.hard.clear();
    const plain = await plainOperations(fleet.transport());
    const [one, other] = await plain.ask('dead.replay', { filter: {}, perMinute: 6_000 }, 2);
    expect(one).toMatchObject({ status: 'succeeded', payload: { letters: 1 } });
    expect(other).toEqual(one);
    expect(await done()).toMatchObject([{ replayed: 1 }]);
    const nothing = await client.operation('dead.replay', { filter: { code: 'other' } });
    expect(nothing).toMatchObject({ letters: 0, perMinute: 60 });
    await done(2);
  });
});
