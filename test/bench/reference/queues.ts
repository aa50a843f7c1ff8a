import { type Channel, type ConfirmChannel, connect, type Options } from 'amqplib';
import { header } from '../../../shared/envelope/headers.ts';
import type { JsonValue } from '../../../shared/envelope/json.ts';
import type { Scenario } from '../scenarios.ts';

/** The reference: the same messages in bare amqplib. No engine, no store, no envelope checks. */

export const referenceQueue = {
  jobs: 'reference.jobs',
  replies: 'reference.replies',
  work: (model: string) => `reference.work.${model}`,
  results: 'reference.results',
};

/** The body of every message of the reference. */
export interface ReferenceBody {
  readonly id: string;
  readonly timestamp: string;
  readonly payload: JsonValue;
  readonly context: object;
  /** Of requests and replies: which request of which round it is. */
  readonly round?: number;
  readonly part?: number;
}

const quorum = { durable: true, arguments: { 'x-queue-type': 'quorum' } };

interface ShapeSpec {
  /** A topic exchange; empty: the default one, straight to the queue. */
  readonly exchange: string;
  /** Whether consumers have a connection of their own. */
  readonly apart: boolean;
  readonly padding: object;
  properties(userId: string): Options.Publish;
}

const shapes = {
  /** Small messages. */
  bare: { exchange: '', apart: false, padding: {}, properties: () => ({}) },
  /** As the signed fleet's messages of the chain; lengths are means of its four types. */
  fleet: {
    exchange: 'reference.topic',
    apart: true,
    padding: { padding: 'x'.repeat(380) },
    properties: (userId) => ({
      type: 'request',
      mandatory: true,
      userId,
      timestamp: Math.floor(Date.now() / 1_000),
      headers: {
        [header.traceparent]: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
        [header.token]: 'x'.repeat(490),
      },
    }),
  },
} satisfies Record<string, ShapeSpec>;

export type Shape = keyof typeof shapes;

export interface ReferenceChannels {
  readonly publishing: ConfirmChannel;
  readonly consuming: Channel;
  readonly shape: ShapeSpec;
  readonly userId: string;
}

/**
 * Makes the queues, empty, before the processes start: a quorum queue that two processes declare at the same time is told to be
 * there while it is not, and RabbitMQ 4.0 ends the connection of who reads it (541).
 */
export async function declare(url: string, { models }: Scenario, name: Shape): Promise<void> {
  const { exchange }: ShapeSpec = shapes[name];
  const connection = await connect(url);
  const channel = await connection.createChannel();
  if (exchange) await channel.assertExchange(exchange, 'topic');
  for (const queue of [
    referenceQueue.jobs,
    referenceQueue.replies,
    ...models.map(referenceQueue.work),
  ]) {
    await channel.assertQueue(queue, quorum);
    // What the turn before had finished and not acknowledged.
    await channel.purgeQueue(queue);
    if (exchange) await channel.bindQueue(queue, exchange, queue);
  }
  await connection.close();
}

export async function open(url: string, name: Shape): Promise<ReferenceChannels> {
  const shape: ShapeSpec = shapes[name];
  const connection = () => connect(url, { noDelay: true });
  const publishing = await (await connection()).createConfirmChannel();
  const consuming = shape.apart ? await (await connection()).createChannel() : publishing;
  await consuming.prefetch(200);
  return { publishing, consuming, shape, userId: new URL(url).username || 'guest' };
}

/** The client's own queue of results. */
export async function openResults({ consuming, shape: { exchange } }: ReferenceChannels) {
  // Exclusive queues are read on the connection that declared them.
  await consuming.assertQueue(referenceQueue.results, { exclusive: true, durable: false });
  const { results } = referenceQueue;
  if (exchange) await consuming.bindQueue(results, exchange, results);
}

/** Publishes one persistent message to a queue and calls back when the broker has confirmed it. */
export function publish(
  { publishing, shape, userId }: ReferenceChannels,
  queue: string,
  body: ReferenceBody,
  confirmed: () => void = () => {},
): void {
  publishing.publish(
    shape.exchange,
    queue,
    Buffer.from(JSON.stringify({ ...body, ...shape.padding })),
    {
      ...shape.properties(userId),
      persistent: true,
      messageId: body.id,
      correlationId: body.id,
      contentType: 'application/json',
    },
    (error) => {
      if (error) throw error;
      confirmed();
    },
  );
}

/** Consumes a queue; each message is acknowledged when `handle` says so. */
export async function consume(
  { consuming }: ReferenceChannels,
  queue: string,
  handle: (body: ReferenceBody, ack: () => void) => void,
): Promise<void> {
  await consuming.consume(queue, (message) => {
    if (!message) throw new Error('the broker cancelled the consumer');
    handle(JSON.parse(message.content.toString()), () => consuming.ack(message));
  });
}
