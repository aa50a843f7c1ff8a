import { type Channel, type ConfirmChannel, connect, type Options } from 'amqplib';
import type { JsonValue } from '../../../shared/envelope/json.ts';
import type { Scenario } from '../scenarios.ts';

/** The reference: the same messages in bare amqplib. No engine, no store, no envelope checks. */

/** bare: small messages straight to their queue; fleet: exchanges, connections, headers and sizes as the signed fleet's. */
export type Shape = 'bare' | 'fleet';

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

const topic = 'reference.topic';
/** What a signed message of the chain has beside the reference's own: means of its four types. */
const padding = 'x'.repeat(380);
const fleetProperties: Options.Publish = {
  type: 'request',
  mandatory: true,
  headers: {
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    'flotilla-token': 'x'.repeat(490),
  },
};

export interface ReferenceChannels {
  readonly publishing: ConfirmChannel;
  readonly consuming: Channel;
  readonly shape: Shape;
  readonly userId: string;
}

export async function open(
  url: string,
  { models }: Scenario,
  shape: Shape,
): Promise<ReferenceChannels> {
  const connection = await connect(url, { noDelay: true });
  const publishing = await connection.createConfirmChannel();
  const consuming =
    shape === 'bare' ? publishing : await (await connect(url, { noDelay: true })).createChannel();
  await consuming.prefetch(200);
  if (shape === 'fleet') await publishing.assertExchange(topic, 'topic');
  for (const queue of [
    referenceQueue.jobs,
    referenceQueue.replies,
    ...models.map(referenceQueue.work),
  ]) {
    await publishing.assertQueue(queue, quorum);
    // What the turn before had finished and not acknowledged.
    await publishing.purgeQueue(queue);
    if (shape === 'fleet') await publishing.bindQueue(queue, topic, queue);
  }
  return { publishing, consuming, shape, userId: new URL(url).username || 'guest' };
}

/** The client's own queue of results. */
export async function openResults({ consuming, shape }: ReferenceChannels) {
  // Exclusive queues are read on the connection that declared them.
  await consuming.assertQueue(referenceQueue.results, { exclusive: true, durable: false });
  if (shape === 'fleet')
    await consuming.bindQueue(referenceQueue.results, topic, referenceQueue.results);
}

/** Publishes one persistent message to a queue and calls back when the broker has confirmed it. */
export function publish(
  { publishing, shape, userId }: ReferenceChannels,
  queue: string,
  body: ReferenceBody,
  confirmed: () => void = () => {},
): void {
  publishing.publish(
    shape === 'bare' ? '' : topic,
    queue,
    Buffer.from(JSON.stringify(shape === 'bare' ? body : { ...body, padding })),
    {
      ...(shape === 'bare'
        ? {}
        : { ...fleetProperties, userId, timestamp: Math.floor(Date.now() / 1_000) }),
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
