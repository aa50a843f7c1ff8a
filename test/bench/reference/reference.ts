import { type System, startProcess, stopProcess } from '../system.ts';
import { models, open, publish, referenceQueue } from './queues.ts';

/** The reference fleet: a coordinator and a worker process, and this process as the client. */
export async function startReference(url: string): Promise<System> {
  const { model, channel } = await open(url);
  await channel.assertQueue(referenceQueue.results, { exclusive: true, durable: false });
  const children = await Promise.all(
    ['./coordinator.ts', './worker.ts'].map((file) =>
      startProcess(new URL(file, import.meta.url), [url]),
    ),
  );
  const waiting = new Map<string, () => void>();
  await channel.consume(referenceQueue.results, (message) => {
    if (!message) throw new Error('the broker cancelled the consumer');
    channel.ack(message);
    const { id } = JSON.parse(message.content.toString());
    waiting.get(id)?.();
    waiting.delete(id);
  });
  let submitted = 0;
  return {
    runOne: () =>
      new Promise((resolve) => {
        const id = `job-${submitted++}`;
        waiting.set(id, resolve);
        const job = { id, timestamp: new Date().toISOString(), payload: { n: 0 }, context: {} };
        publish(
          channel,
          referenceQueue.jobs,
          { id, body: Buffer.from(JSON.stringify(job)) },
          () => {},
        );
      }),
    async stop() {
      await Promise.all(children.map(stopProcess));
      const queues = [
        referenceQueue.jobs,
        referenceQueue.replies,
        ...models.map(referenceQueue.work),
      ];
      for (const queue of queues) await channel.deleteQueue(queue);
      await model.close();
    },
  };
}
