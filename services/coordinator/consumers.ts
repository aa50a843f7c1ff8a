import type { Delivery, Subscription, Transport } from '../../shared/transport/transport.ts';
import { type ConsumerOptions, startConsumer } from './consumer.ts';

/** Most deliveries of one transaction: a commit on disk costs the same for many as for few. */
const BATCH = 250;

/** A handler that does not take `ack` is acknowledged when it is done. */
type Handler = (deliveries: readonly Delivery[], ack: () => void) => Promise<void>;

/** The queues that a coordinator consumes, and the batches that it has in hand. */
export class Consumers {
  readonly #transport: Transport;
  readonly #subscriptions: Subscription[] = [];
  readonly #batches = new Set<Promise<void>>();

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  async consume(
    queue: ConsumerOptions['queue'],
    handle: Handler,
    onLost?: () => void,
  ): Promise<Subscription> {
    const subscription = await startConsumer({
      transport: this.#transport,
      queue,
      batchSize: BATCH,
      handle: (deliveries, ack) => this.track(acknowledged(handle, deliveries, ack)),
      ...(onLost ? { onLost } : {}),
    });
    this.#subscriptions.push(subscription);
    return subscription;
  }

  /** Work that must end before this process does. */
  track(work: Promise<void>): Promise<void> {
    this.#batches.add(work);
    return work.finally(() => this.#batches.delete(work));
  }

  /** What is in hand now; takes nothing more. */
  async pause(): Promise<readonly Promise<void>[]> {
    await Promise.all(this.#subscriptions.map((subscription) => subscription.pause()));
    return [...this.#batches];
  }

  async close(): Promise<void> {
    await Promise.all(this.#subscriptions.map((subscription) => subscription.close()));
  }
}

async function acknowledged(
  handle: Handler,
  deliveries: readonly Delivery[],
  ack: () => void,
): Promise<void> {
  await handle(deliveries, ack);
  // Settling twice is harmless: what was settled is skipped.
  ack();
}
