import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectMemory } from '../../../shared/transport/memory/transport.ts';
import { workQueueName } from '../../../shared/transport/topology.ts';
import { eventually } from '../../support/eventually.ts';
import { type FlakyTransport, flaky } from './flaky-transport.ts';
import { echo, MemoryBench, request } from './harness.ts';

const work = workQueueName('echo', 1);
let bench: MemoryBench;
let transport: FlakyTransport;
beforeEach(async () => {
  bench = await MemoryBench.start();
  transport = flaky(connectMemory(bench.broker));
});
afterEach(async () => {
  await bench.tearDown();
  await transport.close();
});

describe('a reply that the broker does not confirm', () => {
  it.each(['unconfirmed', 'rejected'] as const)(
    'is published again when it was %s, and its request is acked only then',
    async (outcome) => {
      let calls = 0;
      const model = echo({
        run(input) {
          calls += 1;
          return input;
        },
      });
      const worker = await bench.worker(model, { transport });
      transport.outcome = outcome;
      const asked = request({ text: 'x' });
      const before = transport.publishCalls.length;
      await bench.send(asked);
      await eventually(() => transport.publishCalls.length >= before + 2);
      expect(transport.settleCalls).toBe(0);
      transport.outcome = undefined;
      await eventually(() => bench.repliesTo(asked).length === 1);
      await eventually(() => transport.settleCalls === 1);
      await worker.stop();
      expect(bench.broker.readyCount(work)).toBe(0);
      expect(calls).toBe(1);
    },
  );

  it('is published by itself when its request was lost meanwhile, whoever gets the request next', async () => {
    const worker = await bench.worker(echo(), { transport });
    transport.outcome = 'unconfirmed';
    const asked = request({ text: 'x' });
    const before = transport.publishCalls.length;
    await bench.send(asked);
    await eventually(() => transport.publishCalls.length > before);
    transport.takeAway();
    transport.outcome = undefined;
    await eventually(() => bench.repliesTo(asked).length === 1);
    await worker.stop();
    expect(transport.settleCalls).toBe(0);
  });

  it('is joined by the redelivery of its request, which costs no second call and no second reply', async () => {
    let calls = 0;
    const model = echo({
      run(input) {
        calls += 1;
        return input;
      },
    });
    const worker = await bench.worker(model, { transport });
    transport.outcome = 'unconfirmed';
    const asked = request({ text: 'x' });
    const before = transport.publishCalls.length;
    const { confirmed } = transport;
    await bench.send(asked);
    await eventually(() => transport.publishCalls.length > before);
    await transport.loseDeliveries();
    transport.outcome = undefined;
    await eventually(() => transport.settleCalls === 1);
    await eventually(() => bench.repliesTo(asked).length === 1);
    await worker.stop();
    expect(transport.confirmed - confirmed).toBe(1);
    expect(bench.broker.readyCount(work)).toBe(0);
    expect(calls).toBe(1);
  });

  it('is answered by the call that was running when its request was lost', async () => {
    const finish = Promise.withResolvers<void>();
    let calls = 0;
    const model = echo({
      async run(input) {
        calls += 1;
        await finish.promise;
        return input;
      },
    });
    const worker = await bench.worker(model, { transport });
    const asked = request({ text: 'x' });
    await bench.send(asked);
    await eventually(() => calls === 1);
    await transport.loseDeliveries();
    await eventually(() => bench.broker.readyCount(work) === 0);
    finish.resolve();
    await eventually(() => bench.repliesTo(asked).length === 1);
    await worker.stop();
    expect(calls).toBe(1);
    expect(bench.broker.readyCount(work)).toBe(0);
  });
});

describe('replies that are ready in the same tick', () => {
  it('are published in one call and acked in one', async () => {
    await bench.worker(echo(), { transport, concurrency: 50 });
    const asked = Array.from({ length: 50 }, () => request({ text: 'x' }));
    transport.publishCalls.length = 0;
    await bench.sendAll(asked);
    await eventually(() => bench.replies.length === 50);
    await eventually(() => transport.settleCalls > 0);
    expect(transport.publishCalls).toEqual([50]);
    expect(transport.settleCalls).toBe(1);
  });
});
