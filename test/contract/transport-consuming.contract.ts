import { expect, test } from 'vitest';
import { FleetError } from '../../shared/errors/errors.ts';
import { exchange, workQueueName } from '../../shared/transport/topology.ts';
import type { Delivery } from '../../shared/transport/transport.ts';
import { eventually } from '../support/eventually.ts';
import {
  type ContractContext,
  freshModel,
  ids,
  requestsTo,
  requestTo,
} from './transport-harness.ts';

/** What consuming, settling and queues promise. */
export function consumingContract(context: ContractContext): void {
  test('many messages arrive once each, in the order of publishing, in batches', async () => {
    const { received, batches, subscription } = await context.record({ prefetch: 500 });
    const messages = requestsTo(context.model, 500);
    await context.transport.publish(messages);
    await eventually(() => received().length === 500);
    expect(ids(received())).toEqual(ids(messages));
    expect(batches.length).toBeLessThan(250);
    subscription.settle(received(), 'ack');
  });

  test('no more than prefetch messages are unsettled', async () => {
    const { received, subscription } = await context.record({ prefetch: 3 });
    await context.transport.publish(requestsTo(context.model, 10));
    await eventually(async () => {
      expect(received()).toHaveLength(3);
      expect(await context.transport.readyCount(workQueueName(context.model, 1))).toBe(7);
    });
    subscription.settle(received().slice(0, 2), 'ack');
    await eventually(() => received().length === 5);
    subscription.settle(received(), 'ack');
    await eventually(() => received().length === 8);
  });

  test('with serial the next batch waits for the promise of the one before', async () => {
    const gates: PromiseWithResolvers<void>[] = [];
    let running = 0;
    let mostRunning = 0;
    const seen: Delivery[] = [];
    const { subscription } = await context.record({
      serial: true,
      onBatch: async (deliveries) => {
        running += 1;
        mostRunning = Math.max(mostRunning, running);
        seen.push(...deliveries);
        const gate = Promise.withResolvers<void>();
        gates.push(gate);
        await gate.promise;
        subscription.settle(deliveries, 'ack');
        running -= 1;
      },
    });
    await context.transport.publish([requestTo(context.model)]);
    await eventually(() => gates.length === 1);
    await context.transport.publish(requestsTo(context.model, 30));
    // Another queue delivers what was published after them: they have had their time to arrive.
    await roundTrip(context);
    expect(seen).toHaveLength(1);
    gates[0]?.resolve();
    await eventually(() => {
      for (const gate of gates) gate.resolve();
      return seen.length === 31;
    });
    expect(mostRunning).toBe(1);
  });

  test('an acknowledged message is gone, also out of order; the rest comes back when the consumer closes', async () => {
    const first = await context.record();
    const messages = requestsTo(context.model, 6);
    await context.transport.publish(messages);
    const deliveries = await eventually(() => first.received().length === 6 && first.received());
    const pick = (...indexes: number[]) => deliveries.filter((_, at) => indexes.includes(at));
    first.subscription.settle(pick(4, 2), 'ack');
    first.subscription.settle(pick(0), 'ack');
    first.subscription.settle(pick(0, 2), 'ack'); // Settled before: skipped.
    first.subscription.settle(pick(1, 2), 'ack');
    await first.subscription.close();
    const second = await context.record();
    await eventually(() => second.received().length === 2);
    expect(ids(second.received())).toEqual([messages[3]?.messageId, messages[5]?.messageId]);
    expect(second.received().every((one) => one.redelivered && one.deliveryCount === 1)).toBe(true);
  });

  test('a requeued message comes again and says so', async () => {
    const { received, subscription } = await context.record();
    await context.transport.publish([requestTo(context.model)]);
    const first = await eventually(() => received()[0] ?? false);
    subscription.settle([first], 'requeue');
    const again = await eventually(() => received()[1] ?? false);
    expect(again).toMatchObject({
      messageId: first.messageId,
      redelivered: true,
      deliveryCount: 1,
    });
    subscription.settle([again], 'ack');
  });

  test('a rejected message takes the dead-letter route of its queue', async () => {
    const { received, subscription } = await context.record();
    const message = requestTo(context.model);
    await context.transport.publish([message]);
    subscription.settle([await eventually(() => received()[0] ?? false)], 'reject');
    const dead = await context.deadLetterOf(message);
    expect(dead).toMatchObject({ exchange: exchange.dead, routingKey: 'failed' });
    expect(dead.headers).toMatchObject({
      'x-first-death-reason': 'rejected',
      'x-first-death-queue': workQueueName(context.model, 1),
    });
    expect(Buffer.from(dead.body)).toEqual(message.body);
  });

  test('a message given back more often than the limit of a work queue is dead-lettered', async () => {
    let deliveries = 0;
    const { subscription } = await context.record({
      onBatch: (batch) => {
        deliveries += batch.length;
        subscription.settle(batch, 'requeue');
      },
    });
    const message = requestTo(context.model);
    await context.transport.publish([message]);
    const dead = await context.deadLetterOf(message);
    expect(dead.headers).toMatchObject({ 'x-first-death-reason': 'delivery_limit' });
    expect(deliveries).toBe(11);
  });

  test('a message that waits longer than its own time to live is dead-lettered', async () => {
    const message = requestTo(context.model, { expirationMs: 50 });
    await context.transport.publish([message]);
    const dead = await context.deadLetterOf(message);
    expect(dead.headers).toMatchObject({ 'x-first-death-reason': 'expired' });
    expect(await context.transport.readyCount(workQueueName(context.model, 1))).toBe(0);
  });

  test('a paused subscription takes nothing new, settles what it has, and goes on when resumed', async () => {
    const { received, subscription } = await context.record();
    await context.transport.publish([requestTo(context.model)]);
    await eventually(() => received().length === 1);
    await subscription.pause();
    await subscription.pause();
    expect(subscription.listening).toBe(false);
    await context.transport.publish(requestsTo(context.model, 2));
    await eventually(
      async () => (await context.transport.readyCount(workQueueName(context.model, 1))) === 2,
    );
    expect(received()).toHaveLength(1);
    subscription.settle(received(), 'ack');
    await subscription.resume();
    expect(subscription.listening).toBe(true);
    await eventually(() => received().length === 3);
    expect(
      received()
        .slice(1)
        .every((one) => !one.redelivered),
    ).toBe(true);
  });

  test('two consumers share the messages of a queue, each message to one of them', async () => {
    const other = await context.connect();
    const parts = [
      await context.record({ prefetch: 5 }),
      await context.record({ prefetch: 5 }, other),
    ] as const;
    const messages = requestsTo(context.model, 60);
    await context.transport.publish(messages);
    await eventually(() => {
      for (const { subscription, received } of parts) subscription.settle(received(), 'ack');
      return parts[0].received().length + parts[1].received().length === 60;
    });
    const all = [...ids(parts[0].received()), ...ids(parts[1].received())];
    expect(new Set(all)).toEqual(new Set(ids(messages)));
    for (const part of parts) expect(part.received().length).toBeGreaterThan(5);
  });

  test('a failing onBatch is reported, settles nothing and stops nothing', async () => {
    const seen: Delivery[] = [];
    await context.record({
      serial: true,
      onBatch: async (deliveries) => {
        seen.push(...deliveries);
        throw new FleetError('test_fault', 'The handler failed.');
      },
    });
    await context.transport.publish([requestTo(context.model)]);
    await eventually(() => context.errors.some((error) => error.message === 'The handler failed.'));
    await context.transport.publish([requestTo(context.model)]);
    await eventually(() => seen.length === 2);
  });

  test('a queue that is not in the topology is refused', async () => {
    const consuming = context.transport.consume('somebody-elses', {
      prefetch: 1,
      onBatch: () => {},
    });
    await expect(consuming).rejects.toMatchObject({ code: 'unknown_queue' });
  });
}

/** Resolves when a message that is published now has come back. */
async function roundTrip(context: ContractContext): Promise<void> {
  const routingKey = freshModel();
  const arrived = Promise.withResolvers<void>();
  const queue = {
    name: `control.test.${routingKey}`,
    bindings: [{ exchange: exchange.control, routingKey }],
  };
  await context.transport.consumeExclusive(queue, {
    prefetch: 1,
    onBatch: () => arrived.resolve(),
  });
  await context.transport.publish([requestTo('none', { exchange: exchange.control, routingKey })]);
  await arrived.promise;
}
