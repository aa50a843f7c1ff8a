import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectAmqp } from '../../../shared/transport/amqp/transport.ts';
import { workQueueName } from '../../../shared/transport/topology.ts';
import type { Transport, TransportState } from '../../../shared/transport/transport.ts';
import { freshModel, requestsTo } from '../../contract/transport-harness.ts';
import { transportRestartContract } from '../../contract/transport-restart.contract.ts';
import type { PrivateBroker } from '../../support/broker/running-broker.ts';
import { startPrivateBroker } from '../../support/broker.ts';
import { eventually } from '../../support/eventually.ts';

let broker: PrivateBroker;

beforeAll(async () => {
  broker = await startPrivateBroker();
});
afterAll(() => broker?.stop());

describe('the broker has a memory alarm', () => {
  let transport: Transport;
  const states: TransportState[] = [];

  beforeAll(async () => {
    transport = await connectAmqp({
      url: broker.url,
      confirmTimeoutMs: 1_000,
      onState: (state) => states.push(state),
    });
  });
  afterAll(() => transport?.close());

  test('publishes wait and then fail, acknowledgements flow, and both go on after it', async () => {
    const model = freshModel();
    await transport.declareWorkQueue(model, 1);
    await transport.publish(requestsTo(model, 20));
    await broker.control('set_vm_memory_high_watermark', '0.00001');
    // The broker tells a connection only when it publishes.
    const blocked = async () => {
      await transport.publish(requestsTo(model, 1));
      return transport.state === 'blocked';
    };
    await eventually(blocked, { timeoutMs: 15_000 });
    const [outcome] = await transport.publish(requestsTo(model, 1));
    expect(outcome).toMatchObject({
      status: 'unconfirmed',
      error: { code: 'publish_unconfirmed' },
    });

    let received = 0;
    const subscription = await transport.consume(workQueueName(model, 1), {
      prefetch: 5,
      onBatch: (deliveries) => {
        received += deliveries.length;
        subscription.settle(deliveries, 'ack');
      },
    });
    await eventually(() => received >= 20);
    expect(transport.state).toBe('blocked');

    await broker.control('set_vm_memory_high_watermark', '0.4');
    await eventually(() => transport.state === 'connected', { timeoutMs: 15_000 });
    expect(await transport.publish(requestsTo(model, 1))).toEqual([{ status: 'confirmed' }]);
    expect(states).not.toContain('connecting');
  }, 60_000);
});

transportRestartContract('RabbitMQ', async () => ({
  userId: 'guest',
  connect: (events = {}) => connectAmqp({ url: broker.url, ...events }),
  restart: (how) => broker.restart(how),
  stop: async () => {},
}));
