import { type ChannelModel, type ConfirmChannel, connect } from 'amqplib';
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

export async function open(
  url: string,
  { models }: Scenario,
): Promise<{ model: ChannelModel; channel: ConfirmChannel }> {
  const model = await connect(url, { noDelay: true });
  const channel = await model.createConfirmChannel();
  await channel.prefetch(200);
  for (const queue of [
    referenceQueue.jobs,
    referenceQueue.replies,
    ...models.map(referenceQueue.work),
  ]) {
    await channel.assertQueue(queue, quorum);
  }
  return { model, channel };
}

/** Publishes one persistent message to a queue and calls back when the broker has confirmed it. */
export function publish(
  channel: ConfirmChannel,
  queue: string,
  body: ReferenceBody,
  confirmed: () => void = () => {},
): void {
  channel.sendToQueue(
    queue,
    Buffer.from(JSON.stringify(body)),
    {
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
  channel: ConfirmChannel,
  queue: string,
  handle: (body: ReferenceBody, ack: () => void) => void,
): Promise<void> {
  await channel.consume(queue, (message) => {
    if (!message) throw new Error('the broker cancelled the consumer');
    handle(JSON.parse(message.content.toString()), () => channel.ack(message));
  });
}
