import { type Channel, connect as connectBare } from 'amqplib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { AmqpOptions } from '../../../shared/transport/amqp/options.ts';
import { connectAmqp } from '../../../shared/transport/amqp/transport.ts';
import { exchange, queue, workQueueName } from '../../../shared/transport/topology.ts';
import type { Delivery, Transport } from '../../../shared/transport/transport.ts';
import { freshModel, requestsTo, requestTo } from '../../contract/transport-harness.ts';
import { ConsumerCancel } from '../../support/broker/consumer-cancel.ts';
import { type TestBroker, testBroker } from '../../support/broker.ts';
import { eventually } from '../../support/eventually.ts';
import { TcpProxy } from '../../support/tcp-proxy.ts';

let broker: TestBroker;
let model: string;
const opened: { close(): Promise<void> }[] = [];

beforeAll(async () => {
  broker = await testBroker();
});
afterAll(() => broker?.stop());
beforeEach(() => {
  model = freshModel();
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((one) => one.close()));
});

async function connect(options: Partial<AmqpOptions> = {}): Promise<Transport> {
  const transport = await connectAmqp({ url: broker.url, ...options });
  opened.push(transport);
  return transport;
}

/** A channel of somebody else on the same broker. */
async function somebodyElse(): Promise<Channel> {
  const connection = await connectBare(broker.url);
  connection.on('error', () => {});
  opened.push(connection);
  const channel = await connection.createChannel();
  channel.on('error', () => {});
  return channel;
}

describe('a queue is deleted under its consumer', () => {
  test('in development it is declared again and consumed, and the loss is told once', async () => {
    const transport = await connect();
    await transport.declareWorkQueue(model, 1);
    const received: Delivery[] = [];
    let lost = 0;
    const subscription = await transport.consume(workQueueName(model, 1), {
      prefetch: 10,
      onBatch: (deliveries) => {
        received.push(...deliveries);
      },
      onLost: () => {
        lost += 1;
      },
    });
    await transport.publish(requestsTo(model, 1));
    await eventually(() => received.length === 1);
    await (await somebodyElse()).deleteQueue(workQueueName(model, 1));
    await eventually(() => lost === 1);
    subscription.settle(received, 'ack');
    await eventually(
      async () => (await transport.publish([requestTo(model)]))[0]?.status === 'confirmed',
    );
    await eventually(() => received.length >= 2);
    expect(lost).toBe(1);
  });
});

describe('the broker cancels a consumer whose queue is still there', () => {
  test('it consumes again, and what it held comes again', async () => {
    const { hostname, port } = new URL(broker.url);
    const cancel = new ConsumerCancel();
    const proxy = await TcpProxy.start(
      { host: hostname, port: Number(port) || 5672 },
      (bytes, connection) => cancel.read(bytes, connection),
    );
    opened.push(proxy);
    const transport = await connect({ url: proxy.url(broker.url) });
    await transport.declareWorkQueue(model, 1);
    const received: Delivery[] = [];
    let lost = 0;
    const subscription = await transport.consume(workQueueName(model, 1), {
      prefetch: 1,
      onBatch: (deliveries) => void received.push(...deliveries),
      onLost: () => {
        lost += 1;
      },
    });
    await transport.publish(requestsTo(model, 1));
    await eventually(() => received.length === 1);
    cancel.cancel(proxy, workQueueName(model, 1));
    await eventually(() => received.length === 2);
    const [first, again] = received;
    expect(again).toMatchObject({ messageId: first?.messageId, redelivered: true });
    expect(lost).toBe(1);
    // The broker, too, has only one consumer now: the next message goes nowhere else.
    subscription.settle(received, 'ack');
    await transport.publish(requestsTo(model, 1));
    await eventually(() => received.length === 3);
  });
});

describe('an exchange is deleted under its publishers', () => {
  test('in development it is declared again, and the next publish arrives', async () => {
    const transport = await connect();
    await transport.declareWorkQueue(model, 1);
    await (await somebodyElse()).deleteExchange(exchange.work);
    const [outcome] = await transport.publish([requestTo(model)]);
    expect(outcome).toMatchObject({ status: 'rejected', error: { code: 'exchange_missing' } });
    await eventually(
      async () => (await transport.publish([requestTo(model)]))[0]?.status === 'confirmed',
    );
    expect(await transport.publish(requestsTo(model, 100))).toEqual(
      Array(100).fill({ status: 'confirmed' }),
    );
  });
});

describe('a message cannot be sent', () => {
  test('headers or a message id that AMQP cannot carry are refused, and the messages beside them go', async () => {
    const transport = await connect();
    await transport.declareWorkQueue(model, 1);
    const outcomes = await transport.publish([
      requestTo(model),
      requestTo(model, { headers: { large: 'x'.repeat(70_000) } }),
      requestTo(model, { messageId: 'x'.repeat(300) }),
      requestTo(model),
    ]);
    expect(outcomes).toMatchObject([
      { status: 'confirmed' },
      { status: 'rejected', error: { code: 'message_invalid' } },
      { status: 'rejected', error: { code: 'message_invalid' } },
      { status: 'confirmed' },
    ]);
  });
});

describe('the login', () => {
  test('that is refused is reported clearly and not tried over and over', async () => {
    const url = new URL(broker.url);
    url.password = 'wrong';
    const errors: Error[] = [];
    const connecting = connect({
      url: url.href,
      connectTimeoutMs: 1_500,
      onError: (error) => errors.push(error),
    });
    await expect(connecting).rejects.toMatchObject({ code: 'broker_refused' });
    await expect(connecting).rejects.not.toThrow('wrong');
    expect(errors).toHaveLength(2); // Once for each connection.
  });

  test('to a virtual host that does not exist is refused, too', async () => {
    const url = new URL(broker.url);
    url.pathname = '/no-such-virtual-host';
    const connecting = connect({ url: url.href, connectTimeoutMs: 1_500 });
    await expect(connecting).rejects.toMatchObject({ code: 'broker_refused' });
  });

  test('at a port where nobody listens is tried until the time is over', async () => {
    const connecting = connect({ url: 'amqp://127.0.0.1:1', connectTimeoutMs: 500 });
    await expect(connecting).rejects.toMatchObject({ code: 'broker_unreachable' });
  });
});

describe('the topology', () => {
  test('that is only verified and not there is topology_missing, with the command that makes it', async () => {
    const empty = await testBroker();
    try {
      const connecting = connect({ url: empty.url, topology: 'verify' });
      await expect(connecting).rejects.toMatchObject({ code: 'topology_missing' });
      await expect(connecting).rejects.toThrow('npm run rabbitmq:definitions');
    } finally {
      await empty.stop();
    }
  });

  test('that is verified and there is used; a queue that is not is topology_missing', async () => {
    const developer = await connect();
    await developer.declareWorkQueue(model, 1);
    const worker = await connect({ topology: 'verify', role: 'worker' });
    await worker.declareWorkQueue(model, 1);
    const options = { prefetch: 1, onBatch: () => {} };
    const subscription = await worker.consume(workQueueName(model, 1), options);
    expect(subscription.listening).toBe(true);
    const missing = freshModel();
    const error = { code: 'topology_missing' };
    await expect(worker.consume(workQueueName(missing, 1), options)).rejects.toMatchObject(error);
    await expect(worker.declareWorkQueue(missing, 1)).rejects.toMatchObject(error);
    expect(await worker.publish([requestTo(model)])).toEqual([{ status: 'confirmed' }]);
  });

  test('that exists with other arguments is topology_mismatch', async () => {
    const other = await testBroker();
    try {
      const connection = await connectBare(other.url);
      const channel = await connection.createChannel();
      await channel.assertQueue(queue.jobs, { durable: true });
      await connection.close();
      const connecting = connect({ url: other.url });
      await expect(connecting).rejects.toMatchObject({ code: 'topology_mismatch' });
      await expect(connecting).rejects.toThrow('queue jobs');
    } finally {
      await other.stop();
    }
  });
});
