import { Socket } from 'node:net';
import { type ChannelModel, type ConfirmChannel, connect } from 'amqplib';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type TestBroker, testBroker } from '../support/broker.ts';
import { eventually } from '../support/eventually.ts';

/** What amqplib and RabbitMQ really do, where our transport depends on it. */

let broker: TestBroker;
let connection: ChannelModel;
let channel: ConfirmChannel;
const errors: Error[] = [];

beforeAll(async () => {
  broker = await testBroker();
  connection = await connect(broker.url);
  connection.on('error', () => {});
});
afterAll(async () => {
  await connection?.close();
  await broker?.stop();
});
beforeEach(async () => {
  errors.length = 0;
  channel = await connection.createConfirmChannel();
  channel.on('error', (error) => errors.push(error));
});

test('amqplib keeps its socket where we gather its writes', () => {
  expect(Reflect.get(connection.connection, 'stream')).toBeInstanceOf(Socket);
});

test('an aborted signal in the socket options ends a connection at once, with its events', async () => {
  const abort = new AbortController();
  const socketOptions = { noDelay: true, signal: abort.signal };
  const doomed = await connect(broker.url, socketOptions);
  const told: string[] = [];
  doomed.on('error', () => told.push('error'));
  doomed.on('close', () => told.push('close'));
  abort.abort();
  await eventually(() => told.length === 2);
  expect(told).toEqual(['error', 'close']);
});

test('an unroutable mandatory message is returned before it is confirmed', async () => {
  const told: string[] = [];
  channel.on('return', (message) => told.push(`returned ${message.properties.messageId}`));
  const options = { mandatory: true, messageId: 'one' };
  channel.publish('amq.topic', 'nowhere', Buffer.from(''), options, () => told.push('confirmed'));
  await channel.waitForConfirms();
  expect(told).toEqual(['returned one', 'confirmed']);
});

test('a publish to a missing exchange closes the channel and fails what is on it, with the exchange’s name', async () => {
  const outcomes: (string | undefined)[] = [];
  const answer = (error: Error | null) => outcomes.push(error?.message);
  const closed = new Promise((resolve) => channel.once('close', resolve));
  channel.publish('no-such-exchange', '', Buffer.from(''), {}, answer);
  channel.publish('amq.topic', '', Buffer.from(''), {}, answer);
  await closed;
  expect(errors[0]?.message).toContain(`no exchange 'no-such-exchange' in vhost`);
  expect(outcomes[0]).toBe('channel closed');
});

test('a deleted queue cancels its consumer with null, and cancelling once more is harmless', async () => {
  const { queue } = await channel.assertQueue('');
  const told = Promise.withResolvers<unknown>();
  const { consumerTag } = await channel.consume(queue, told.resolve);
  await channel.deleteQueue(queue);
  expect(await told.promise).toBeNull();
  await channel.cancel(consumerTag);
  expect(errors).toEqual([]);
});

test('a header table that is too long is refused before anything is sent', async () => {
  const headers = { large: 'x'.repeat(70_000) };
  expect(() => channel.publish('amq.topic', '', Buffer.from(''), { headers })).toThrow(RangeError);
  channel.publish('amq.topic', '', Buffer.from(''), {});
  await channel.waitForConfirms();
});
