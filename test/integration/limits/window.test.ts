import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Request } from '../../../shared/envelope/envelope.ts';
import { chainFlow } from '../../support/chain-flow.ts';
import { eventually } from '../../support/eventually.ts';
import { InProcessFleet } from '../../support/in-process-fleet.ts';
import { replyTo } from '../../support/scripted-worker.ts';

let fleet: InProcessFleet;
beforeEach(() => {
  fleet = new InProcessFleet();
});
afterEach(() => fleet.close());

const flow = chainFlow(['one']);
const held = () => fleet.history.filter(({ type }) => type === 'attempt_held').length;

async function answer(requests: readonly Request[]) {
  const replies = requests.map((request) => replyTo(request, { text: 'done' }));
  await fleet.transport('one').publish(replies);
}

describe('the window of a model', () => {
  it('bounds the requests in its queue; further calls wait as rows and leave as others are answered', async () => {
    const one = await fleet.worker('one', () => undefined, { limits: { window: 3 } });
    await fleet.coordinator([flow]);
    const client = await fleet.client();
    const jobs = await Promise.all(
      Array.from({ length: 8 }, () => client.submit('chain', { text: 'go' })),
    );
    await eventually(() => one.requests.length === 3 && held() === 5);
    for (const sent of [3, 6, 8]) {
      await eventually(() => expect(one.requests.length).toBe(sent));
      await answer(one.requests.slice(-3));
    }
    await answer(one.requests);
    const results = await Promise.all(jobs.map(({ run }) => client.result(run)));
    expect(results.every(({ run }) => run.status === 'succeeded')).toBe(true);
    expect(one.requests.length).toBe(8);
    expect(await fleet.store.crowdedModels(Date.now())).toEqual([]);
  });

  it('gives the place of a run that is cancelled to the next', async () => {
    const one = await fleet.worker('one', () => undefined, { limits: { window: 1 } });
    await fleet.coordinator([flow]);
    const client = await fleet.client();
    const first = await client.submit('chain', { text: 'first' });
    await eventually(() => one.requests.length === 1);
    const [second, third] = [
      await client.submit('chain', { text: 'second' }),
      await client.submit('chain', { text: 'third' }),
    ];
    await eventually(() => held() === 2);
    await client.operation('run.cancel', { run: second.run });
    await client.operation('run.cancel', { run: first.run });
    await eventually(() => expect(one.requests.length).toBe(2));
    expect(one.requests[1]?.step.run).toBe(third.run);
  });

  it('counts what was open before a coordinator was started again', async () => {
    const one = await fleet.worker('one', () => undefined, { limits: { window: 2 } });
    const first = await fleet.coordinator([flow]);
    const client = await fleet.client();
    for (let n = 0; n < 4; n += 1) await client.submit('chain', { text: 'go' });
    await eventually(() => one.requests.length === 2 && held() === 2);
    await first.stop();
    await fleet.coordinator([flow]);
    await client.submit('chain', { text: 'go' });
    await eventually(() => held() === 3);
    // Those that were open are published again over a transport that keeps nothing.
    await eventually(() => one.requests.length === 4);
    const asked = () => new Set(one.requests.map(({ id }) => id)).size;
    expect(asked()).toBe(2);
    await answer(one.requests.slice(0, 2));
    await eventually(() => expect(asked()).toBe(4));
  });

  it('is closed while the model is paused, and opens when it goes on', async () => {
    const one = await fleet.worker('one', () => undefined, { limits: { window: 5 } });
    await fleet.coordinator([flow]);
    const client = await fleet.client();
    await client.operation('model.pause', { model: 'one' });
    await client.submit('chain', { text: 'go' });
    await eventually(() => held() === 1);
    await client.operation('model.continue', { model: 'one' });
    await eventually(() => expect(one.requests.length).toBe(1));
  });

  it('loses no place that was handed out by a coordinator that died before it could tell', async () => {
    const one = await fleet.worker('one', () => undefined, { limits: { window: 1 } });
    await fleet.coordinator([flow]);
    const client = await fleet.client();
    await client.submit('chain', { text: 'go' });
    await eventually(() => one.requests.length === 1);
    await client.submit('chain', { text: 'go' });
    await eventually(() => held() === 1);
    const handedOutMs = Date.now() - 6_000;
    await fleet.store.grantPlaces('one', handedOutMs, ({ waiting }) => ({
      granted: waiting,
      meter: {},
    }));
    await eventually(() => expect(one.requests.length).toBe(2));
  });
});
