import { connect as connectBare } from 'amqplib';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { AmqpOptions } from '../../../shared/transport/amqp/options.ts';
import { connectAmqp } from '../../../shared/transport/amqp/transport.ts';
import { exchange, workQueueName } from '../../../shared/transport/topology.ts';
import type { Delivery, Transport } from '../../../shared/transport/transport.ts';
import { freshModel, requestsTo, requestTo } from '../../contract/transport-harness.ts';
import { type TestBroker, testBroker } from '../../support/broker.ts';
import { eventually } from '../../support/eventually.ts';
import { TcpProxy } from '../../support/tcp-proxy.ts';

let broker: TestBroker;
let proxy: TcpProxy;
let model: string;
const opened: Transport[] = [];

beforeAll(async () => {
  broker = await testBroker();
});
afterAll(() => broker?.stop());
beforeEach(async () => {
  const { hostname, port } = new URL(broker.url);
  proxy = await TcpProxy.start({ host: hostname, port: Number(port) || 5672 });
  model = freshModel();
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((one) => one.close()));
  await proxy.close();
});

async function connect(options: Partial<AmqpOptions> = {}): Promise<Transport> {
  const transport = await connectAmqp({ url: proxy.url(broker.url), ...options });
  opened.push(transport);
  await transport.declareWorkQueue(model, 1);
  return transport;
}

async function record(transport: Transport) {
  const received: Delivery[] = [];
  let lost = 0;
  const subscription = await transport.consume(workQueueName(model, 1), {
    prefetch: 100,
    onBatch: (deliveries) => {
      received.push(...deliveries);
    },
    onLost: () => {
      lost += 1;
    },
  });
  return { subscription, received, lost: () => lost };
}

test('a connection that is reset in mid-stream loses nothing it confirmed, and consumption goes on', async () => {
  const transport = await connect();
  const { subscription, received, lost } = await record(transport);
  const publishing = transport.publish(requestsTo(model, 2_000));
  await eventually(() => received.length > 0);
  proxy.reset();
  const outcomes = await publishing;
  expect(outcomes.some((outcome) => outcome.status === 'unconfirmed')).toBe(true);
  const more = requestsTo(model, 50);
  await eventually(async () => {
    const again = await transport.publish(more);
    return again.every((outcome) => outcome.status === 'confirmed');
  });
  await eventually(() => {
    subscription.settle(received, 'ack');
    const seen = new Set(received.map((delivery) => delivery.messageId));
    return more.every((message) => seen.has(message.messageId));
  });
  expect(lost()).toBe(1);
});

test('a half-open connection is noticed within three heartbeats, and replaced', async () => {
  const transport = await connect({ heartbeatSeconds: 1 });
  const { received } = await record(transport);
  const before = proxy.connections;
  proxy.silence('both');
  const since = performance.now();
  await eventually(() => transport.state === 'connecting', { timeoutMs: 5_000 });
  expect(performance.now() - since).toBeLessThan(3_500);
  proxy.heal();
  await eventually(() => transport.state === 'connected', { timeoutMs: 15_000 });
  expect(proxy.connections).toBeGreaterThan(before);
  await eventually(async () => {
    const [outcome] = await transport.publish(requestsTo(model, 1));
    return outcome?.status === 'confirmed';
  });
  await eventually(() => received.length > 0, { timeoutMs: 15_000 });
}, 40_000);

test('a message whose confirm never comes is unconfirmed after the time limit, and publishing goes on after it', async () => {
  const transport = await connect({ confirmTimeoutMs: 500, answerTimeoutMs: 1_000 });
  proxy.silence('to-client');
  const since = performance.now();
  const outcomes = await transport.publish(requestsTo(model, 3));
  expect(outcomes.map((outcome) => outcome.status)).toEqual(Array(3).fill('unconfirmed'));
  expect(performance.now() - since).toBeGreaterThan(450);
  expect(performance.now() - since).toBeLessThan(2_000);
  proxy.heal();
  await eventually(
    async () => (await transport.publish(requestsTo(model, 1)))[0]?.status === 'confirmed',
    { timeoutMs: 15_000 },
  );
});

test('a publish while disconnected waits for the broker, at most the confirm time limit', async () => {
  const transport = await connect({ confirmTimeoutMs: 4_000 });
  proxy.refuse();
  await eventually(() => transport.state === 'connecting');
  const waiting = transport.publish(requestsTo(model, 3));
  proxy.heal();
  expect(await waiting).toEqual(Array(3).fill({ status: 'confirmed' }));

  const impatient = await connect({ confirmTimeoutMs: 300 });
  proxy.refuse();
  await eventually(() => impatient.state === 'connecting');
  expect(await impatient.publish(requestsTo(model, 1))).toMatchObject([{ status: 'unconfirmed' }]);
});

test('a broker that goes away twice in a row is found again each time, with one consumer in the end', async () => {
  const transport = await connect();
  const { subscription, received, lost } = await record(transport);
  const before = proxy.connections;
  for (let times = 1; times <= 2; times += 1) {
    proxy.refuse();
    await eventually(() => transport.state === 'connecting');
    proxy.heal();
    await eventually(() => transport.state === 'connected' && subscription.listening, {
      timeoutMs: 15_000,
    });
  }
  // One to publish and one to consume, each time.
  expect(proxy.connections - before).toBe(4);
  expect(lost()).toBe(2);
  const connection = await connectBare(broker.url);
  const channel = await connection.createChannel();
  await eventually(async () => {
    const { consumerCount } = await channel.checkQueue(workQueueName(model, 1));
    expect(consumerCount).toBe(1);
  });
  await connection.close();
  await transport.publish(requestsTo(model, 5));
  await eventually(() => received.length === 5);
}, 40_000);

test('a broker that refuses connections is not dialled in a hot loop', async () => {
  const errors: Error[] = [];
  const transport = await connect({ onError: (error) => errors.push(error) });
  proxy.refuse();
  await eventually(() => errors.length >= 8, { timeoutMs: 15_000 });
  const since = performance.now();
  const from = errors.length;
  await eventually(() => errors.length >= from + 4, { timeoutMs: 30_000 });
  // Four dials of two connections whose waits have grown by now.
  expect(performance.now() - since).toBeGreaterThan(200);
  expect(transport.state).toBe('connecting');
}, 50_000);

test('a transport closes soon although the broker has fallen silent', async () => {
  const transport = await connect();
  await record(transport);
  proxy.silence('both');
  const since = performance.now();
  await transport.close();
  expect(performance.now() - since).toBeLessThan(6_000);
});

test('a name still held by a connection the broker believes alive does not keep an exclusive queue deaf', async () => {
  const bindings = [{ exchange: exchange.control, routingKey: model }];
  const queue = { name: `control.test.${model}`, bindings };
  const [first, second] = [await connect(), await connect()];
  await first.consumeExclusive(queue, { prefetch: 1, onBatch: () => {} });
  let heard = 0;
  await second.consumeExclusive(queue, {
    prefetch: 1,
    onBatch: () => {
      heard += 1;
    },
  });
  await first.publish([requestTo('none', { exchange: exchange.control, routingKey: model })]);
  await eventually(() => heard === 1);
});
