import { connect as connectBare } from 'amqplib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectAmqp } from '../../../shared/transport/amqp/transport.ts';
import { exchange, queue, workQueueName } from '../../../shared/transport/topology.ts';
import type { Delivery, Transport, TransportState } from '../../../shared/transport/transport.ts';
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

const alarms = [
  { resource: 'memory', setting: 'set_vm_memory_high_watermark', alarm: '0.00001', normal: '0.4' },
  { resource: 'disk', setting: 'set_disk_free_limit', alarm: '900000GB', normal: '50MB' },
] as const;

describe.each(alarms)('the broker has a $resource alarm', ({ setting, alarm, normal }) => {
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
    await broker.control(setting, alarm);
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

    await broker.control(setting, normal);
    await eventually(() => transport.state === 'connected', { timeoutMs: 15_000 });
    expect(await transport.publish(requestsTo(model, 1))).toEqual([{ status: 'confirmed' }]);
    expect(states).not.toContain('connecting');
  }, 180_000);
});

describe('a delivery is held for longer than the broker allows', () => {
  /** What the broker looks at once a minute and allows for half an hour is too slow for a test. */
  const allow = async (heldMs: number, lookEveryMs: number) => {
    await broker.control('eval', `application:set_env(rabbit, consumer_timeout, ${heldMs}).`);
    const look = `application:set_env(rabbit, channel_tick_interval, ${lookEveryMs}).`;
    await broker.control('eval', look);
  };
  let transport: Transport;
  beforeAll(async () => {
    await allow(1_000, 200);
    transport = await connectAmqp({ url: broker.url });
  });
  afterAll(async () => {
    await transport?.close();
    await allow(1_800_000, 60_000);
  });

  test('its channel is closed: it comes again, what is settled too late harms nothing, others go on', async () => {
    const [slow, quick] = [freshModel(), freshModel()];
    await transport.declareWorkQueue(slow, 1);
    await transport.declareWorkQueue(quick, 1);
    const held: Delivery[] = [];
    const lost: string[] = [];
    const subscription = await transport.consume(workQueueName(slow, 1), {
      prefetch: 1,
      onBatch: (deliveries) => void held.push(...deliveries),
      onLost: () => lost.push('slow'),
    });
    let answered = 0;
    const other = await transport.consume(workQueueName(quick, 1), {
      prefetch: 1,
      onBatch: (deliveries) => {
        answered += deliveries.length;
        other.settle(deliveries, 'ack');
      },
      onLost: () => lost.push('quick'),
    });
    const [message] = requestsTo(slow, 1);
    await transport.publish(message ? [message] : []);
    await eventually(() => held.length === 2, { timeoutMs: 15_000 });
    expect(held[1]).toMatchObject({ messageId: message?.messageId, redelivered: true });
    const [late, again] = held;
    if (late && again) {
      subscription.settle([late], 'ack');
      subscription.settle([again], 'ack');
    }
    await transport.publish(requestsTo(quick, 1));
    await eventually(() => answered === 1);
    expect(lost).toEqual(['slow']);
    await subscription.close();
    expect(await transport.readyCount(workQueueName(slow, 1))).toBe(0);
  }, 180_000);
});

describe('the exchange of the dead letters is gone', () => {
  test('what is dead waits in its queue and is not lost: it arrives when the exchange is back', async () => {
    // After a dead letter that cannot be delivered the broker waits for three minutes.
    const wait = 'application:set_env(rabbit, dead_letter_worker_publisher_confirm_timeout, 500).';
    await broker.control('eval', wait);
    const model = freshModel();
    const transport = await connectAmqp({ url: broker.url });
    await transport.declareWorkQueue(model, 1);
    const bare = await connectBare(broker.url);
    bare.on('error', () => {});
    const channel = await bare.createChannel();
    await channel.deleteExchange(exchange.dead);
    const subscription = await transport.consume(workQueueName(model, 1), {
      prefetch: 10,
      onBatch: (deliveries) => subscription.settle(deliveries, 'reject'),
    });
    const messages = requestsTo(model, 10);
    await transport.publish(messages);
    const kept = async () => {
      const table = await broker.control('-q', 'list_queues', 'name', 'messages', 'messages_ready');
      return table.split('\n').find((line) => line.startsWith(`${workQueueName(model, 1)}\t`));
    };
    await eventually(async () => expect(await kept()).toMatch(/\t10\t0$/), { timeoutMs: 15_000 });
    expect(await transport.readyCount(queue.deadFailed)).toBe(0);

    // Whoever connects declares it again. Nobody reads the dead letters: they are kept.
    const other = await connectAmqp({ url: broker.url });
    const arrived = async () => (await other.readyCount(queue.deadFailed)) === messages.length;
    await eventually(arrived, { timeoutMs: 30_000 });
    expect(await transport.readyCount(workQueueName(model, 1))).toBe(0);
    const dead = new Set<string | undefined>();
    await other.consume(queue.deadFailed, {
      prefetch: 10,
      onBatch: (deliveries) => {
        for (const { messageId } of deliveries) dead.add(messageId);
      },
    });
    await eventually(() => dead.size === messages.length);
    expect(dead).toEqual(new Set(messages.map(({ messageId }) => messageId)));
    await bare.close();
    await other.close();
    await transport.close();
  }, 180_000);
});

describe('the password is changed under its connections', () => {
  test('they are refused clearly and seldom, and come back once it is right again', async () => {
    const setPassword = (password: string) =>
      broker.control('change_password', 'changing', password);
    await broker.control('add_user', 'changing', 'old');
    await broker.control('set_permissions', 'changing', '.*', '.*', '.*');
    const url = new URL(broker.url);
    url.username = 'changing';
    url.password = 'old';
    const errors: Error[] = [];
    const transport = await connectAmqp({ url: url.href, onError: (error) => errors.push(error) });
    const model = freshModel();
    await transport.declareWorkQueue(model, 1);
    await setPassword('new');
    const since = performance.now();
    await broker.control('close_all_user_connections', 'changing', 'a test');
    const refused = () =>
      errors.filter((error) => 'code' in error && error.code === 'broker_refused');
    await eventually(() => refused().length >= 4, { timeoutMs: 30_000 });
    const [first] = refused();
    expect(first?.message).toContain('refuses the login');
    expect(first?.message).not.toContain('old');
    expect(transport.state).toBe('connecting');
    // Two connections, each at most every five seconds.
    expect(performance.now() - since).toBeGreaterThan(5_000);

    await setPassword('old');
    await eventually(() => transport.state === 'connected', { timeoutMs: 30_000 });
    expect(await transport.publish(requestsTo(model, 1))).toEqual([{ status: 'confirmed' }]);
    await transport.close();
  }, 90_000);
});

transportRestartContract('RabbitMQ', async () => ({
  userId: 'guest',
  connect: (events = {}) => connectAmqp({ url: broker.url, ...events }),
  restart: (how) => broker.restart(how),
  stop: async () => {},
}));
