import { models, open, publish, referenceQueue } from './queues.ts';

/** Serves all three models: request → reply. Confirm before ack, one ack each. */
const { channel } = await open(process.argv[2] as string);

for (const model of models) {
  await channel.consume(referenceQueue.work(model), (message) => {
    if (!message) throw new Error('the broker cancelled the consumer');
    const request = JSON.parse(message.content.toString());
    const body = Buffer.from(JSON.stringify({ ...request, payload: { n: request.payload.n + 1 } }));
    publish(channel, referenceQueue.replies, { id: request.id, body }, () => channel.ack(message));
  });
}

process.send?.('ready');
process.on('disconnect', () => process.exit());
