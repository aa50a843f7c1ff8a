import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { RunOne } from '../load.ts';
import { models, open, publish, referenceQueue } from './queues.ts';

export interface System {
  readonly runOne: RunOne;
  stop(): Promise<void>;
}

async function start(file: string, url: string): Promise<ChildProcess> {
  const child = fork(new URL(file, import.meta.url), [url]);
  await once(child, 'message');
  return child;
}

/** The reference fleet: a coordinator and a worker process, and this process as the client. */
export async function startReference(url: string): Promise<System> {
  const { model, channel } = await open(url);
  await channel.assertQueue(referenceQueue.results, { exclusive: true, durable: false });
  const children = await Promise.all([start('./coordinator.ts', url), start('./worker.ts', url)]);
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
      for (const child of children) child.kill();
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
