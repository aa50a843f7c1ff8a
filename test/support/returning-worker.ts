import { workQueueName } from '../../shared/transport/topology.ts';
import type { Subscription, Transport } from '../../shared/transport/transport.ts';
import { announcement } from './scripted-worker.ts';

/** A worker that never answers: it gives every request back to its queue, as one that dies of it does. */
export async function returningWorker(transport: Transport, model: string): Promise<Subscription> {
  const ready = Promise.withResolvers<Subscription>();
  await transport.declareWorkQueue(model, 1);
  const work = await transport.consume(workQueueName(model, 1), {
    prefetch: 1,
    onBatch: async (deliveries) => (await ready.promise).settle(deliveries, 'requeue'),
  });
  ready.resolve(work);
  await transport.publish([announcement(model)]);
  return work;
}
