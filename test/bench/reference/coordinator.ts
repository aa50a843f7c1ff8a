import { models, open, publish, referenceQueue } from './queues.ts';

/** Job → request 1; reply n → request n + 1; reply 3 → result. Confirm before ack, one ack each. */
const { channel } = await open(process.argv[2] as string);

await channel.consume(referenceQueue.jobs, (message) => {
  if (!message) throw new Error('the broker cancelled the consumer');
  const job = JSON.parse(message.content.toString());
  const body = Buffer.from(JSON.stringify({ ...job, step: 0 }));
  const queue = referenceQueue.work(models[0]);
  publish(channel, queue, { id: job.id, body }, () => channel.ack(message));
});

await channel.consume(referenceQueue.replies, (message) => {
  if (!message) throw new Error('the broker cancelled the consumer');
  const reply = JSON.parse(message.content.toString());
  const step = reply.step + 1;
  const model = models[step];
  const queue = model ? referenceQueue.work(model) : referenceQueue.results;
  const body = Buffer.from(JSON.stringify({ ...reply, step }));
  publish(channel, queue, { id: reply.id, body }, () => channel.ack(message));
});

process.send?.('ready');
process.on('disconnect', () => process.exit());
