import { expect, test } from 'vitest';
import { exchange, workKey, workQueueName } from '../../shared/transport/topology.ts';
import { eventually } from '../support/eventually.ts';
import {
  type ContractContext,
  freshModel,
  ids,
  requestsTo,
  requestTo,
} from './transport-harness.ts';

export interface TransportFeatures {
  readonly durable: boolean;
}

/** What publishing promises, and how a message looks when it arrives. */
export function publishingContract(context: ContractContext, features: TransportFeatures): void {
  test('it says whether it is durable and whose messages it sends', () => {
    expect(context.transport.durable).toBe(features.durable);
    expect(context.transport.userId).toBe(context.userId);
    expect(context.transport.state).toBe('connected');
  });

  test('a message arrives with its body, properties and headers', async () => {
    const { received, subscription } = await context.record();
    const message = requestTo(context.model, {
      correlationId: 'run-1',
      headers: {
        'flotilla-schema-version': 1,
        traceparent: '00-aa-bb-01',
        'flotilla-watch': true,
      },
      body: Buffer.from('{"text":"Grüße"}'),
    });
    expect(await context.transport.publish([message])).toEqual([{ status: 'confirmed' }]);
    const delivery = await eventually(() => received()[0] ?? false);
    expect(Buffer.from(delivery.body).toString()).toBe('{"text":"Grüße"}');
    expect({ ...delivery }).toMatchObject({
      exchange: exchange.work,
      routingKey: workKey(context.model, 1),
      messageId: message.messageId,
      type: 'request',
      correlationId: 'run-1',
      headers: message.headers,
      contentType: 'application/json',
      redelivered: false,
      deliveryCount: 0,
      userId: context.userId,
    });
    subscription.settle([delivery], 'ack');
  });

  test('what a broker wrote into the headers is not published again', async () => {
    const { received } = await context.record();
    const headers = { 'x-first-death-reason': 'expired', 'x-delivery-count': 7, kept: 'yes' };
    await context.transport.publish([requestTo(context.model, { headers })]);
    const delivery = await eventually(() => received()[0] ?? false);
    expect(delivery.headers).toEqual({ kept: 'yes' });
    expect(delivery.deliveryCount).toBe(0);
  });

  test('an empty list of messages is published at once', async () => {
    expect(await context.transport.publish([])).toEqual([]);
  });

  test('a message of any size up to a megabyte arrives whole', async () => {
    const { received } = await context.record();
    const sizes = [0, 1, 4_096, 131_072, 1_000_000];
    await context.transport.publish(
      sizes.map((size) => requestTo(context.model, { body: Buffer.alloc(size, 7) })),
    );
    const deliveries = await eventually(() => received().length === 5 && received());
    expect(deliveries.map((one) => one.body.length)).toEqual(sizes);
    expect(deliveries.every((one) => one.body.every((byte) => byte === 7))).toBe(true);
  });

  test('a body that is a part of a larger buffer arrives alone', async () => {
    const { received } = await context.record();
    const body = new Uint8Array([1, 2, 3, 4, 5]).subarray(1, 3);
    await context.transport.publish([requestTo(context.model, { body })]);
    const delivery = await eventually(() => received()[0] ?? false);
    expect([...delivery.body]).toEqual([2, 3]);
  });

  test('outcomes come in the order of the messages, and only a mandatory one is unroutable', async () => {
    const nowhere = freshModel();
    const outcomes = await context.transport.publish([
      requestTo(context.model),
      requestTo(nowhere),
      requestTo(nowhere, { mandatory: false }),
      requestTo(context.model),
      requestTo(nowhere),
    ]);
    expect(outcomes.map((outcome) => outcome.status)).toEqual([
      'confirmed',
      'unroutable',
      'confirmed',
      'confirmed',
      'unroutable',
    ]);
    expect(outcomes[1]).toMatchObject({ error: { code: 'unroutable' } });
  });

  test('a message to an exchange that does not exist is rejected and harms no other for ever', async () => {
    const lost = requestTo(context.model, { exchange: 'no-such-exchange', mandatory: false });
    for (let round = 0; round < 3; round += 1) {
      const [outcome] = await context.transport.publish([lost]);
      expect(outcome).toMatchObject({ status: 'rejected', error: { code: 'exchange_missing' } });
    }
    const together = await Promise.all([
      context.transport.publish([lost]),
      context.transport.publish(requestsTo(context.model, 20)),
    ]);
    expect(together[0][0]?.status).toBe('rejected');
    expect(together[1].every((outcome) => outcome.status === 'confirmed')).toBe(true);
  });

  test('the same message id published twice arrives twice: duplicates are for the receiver to see', async () => {
    const { received } = await context.record();
    const message = requestTo(context.model);
    const outcomes = await context.transport.publish([message, message]);
    expect(outcomes.map((outcome) => outcome.status)).toEqual(['confirmed', 'confirmed']);
    await eventually(() => received().length === 2);
    expect(new Set(ids(received())).size).toBe(1);
  });

  test('a closed context.transport gives its unsettled messages to the others and takes no more', async () => {
    const leaving = await context.connect();
    const first = await context.record({}, leaving);
    await context.transport.publish(requestsTo(context.model, 4));
    await eventually(() => first.received().length === 4);
    await leaving.close();
    await leaving.close();
    expect(leaving.state).toBe('closed');
    const second = await context.record();
    await eventually(() => second.received().length === 4);
    first.subscription.settle(first.received(), 'ack'); // Too late: skipped.
    expect(await leaving.publish([requestTo(context.model)])).toMatchObject([
      { status: 'unconfirmed' },
    ]);
    await expect(
      leaving.consume(workQueueName(context.model, 1), { prefetch: 1, onBatch: () => {} }),
    ).rejects.toMatchObject({
      code: 'transport_closed',
    });
  });

  test('readyCount counts what waits, and an unknown queue has nothing', async () => {
    await context.transport.publish(requestsTo(context.model, 5));
    await eventually(
      async () => (await context.transport.readyCount(workQueueName(context.model, 1))) === 5,
    );
    expect(await context.transport.readyCount(workQueueName(freshModel(), 1))).toBe(0);
    expect(await context.transport.readyCount('no queue at all')).toBe(0);
  });
}
