import { type ChannelModel, type ConfirmChannel, connect } from 'amqplib';

/** The reference: the eight messages of a chain of three in bare amqplib. No engine, no store, no envelope checks. */

export const models = ['first', 'second', 'third'] as const;

export const referenceQueue = {
  jobs: 'reference.jobs',
  replies: 'reference.replies',
  work: (model: string) => `reference.work.${model}`,
  results: 'reference.results',
};

const quorum = { durable: true, arguments: { 'x-queue-type': 'quorum' } };

export async function open(url: string): Promise<{ model: ChannelModel; channel: ConfirmChannel }> {
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
  message: { readonly id: string; readonly body: Buffer },
  confirmed: () => void,
): void {
  channel.sendToQueue(
    queue,
    message.body,
    {
      persistent: true,
      messageId: message.id,
      correlationId: message.id,
      contentType: 'application/json',
    },
    (error) => {
      if (error) throw error;
      confirmed();
    },
  );
}
