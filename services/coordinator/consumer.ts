import { ShutdownError } from '../../shared/errors/errors.ts';
import type {
  Delivery,
  ExclusiveQueue,
  Subscription,
  Transport,
} from '../../shared/transport/transport.ts';

export interface ConsumerOptions {
  readonly transport: Transport;
  /** A queue of the topology, or one of this process's own. */
  readonly queue: string | ExclusiveQueue;
  /** Most deliveries of one batch. */
  readonly batchSize: number;
  /** Handles a batch and calls `ack` when the deliveries may be forgotten. What it leaves unacknowledged comes again. */
  readonly handle: (deliveries: readonly Delivery[], ack: () => void) => Promise<void>;
  readonly onLost?: () => void;
}

/** Consumes a queue on a channel of its own, one batch in flight. */
export async function startConsumer(options: ConsumerOptions): Promise<Subscription> {
  const { transport, queue, batchSize, handle, onLost } = options;
  // Deliveries may come before the subscription is handed out.
  const ready = Promise.withResolvers<Subscription>();
  const consume = {
    prefetch: batchSize,
    serial: true,
    onBatch: async (deliveries: readonly Delivery[]) => {
      const subscription = await ready.promise;
      try {
        await handle(deliveries, () => subscription.settle(deliveries, 'ack'));
      } catch (error) {
        // The broker gives the deliveries to whoever comes after this process.
        if (!(error instanceof ShutdownError)) throw error;
      }
    },
    ...(onLost ? { onLost } : {}),
  };
  const subscription =
    typeof queue === 'string'
      ? await transport.consume(queue, consume)
      : await transport.consumeExclusive(queue, consume);
  ready.resolve(subscription);
  return subscription;
}
