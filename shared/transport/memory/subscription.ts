import type { ConsumeOptions, Delivery, Settlement, Subscription } from '../transport.ts';
import { MemoryDelivery, type QueuedMessage } from './message.ts';
import type { MemoryQueue, QueueConsumer } from './queue.ts';

/** One consumer of a memory queue. */
export class MemorySubscription implements Subscription, QueueConsumer {
  readonly #queue: MemoryQueue;
  readonly #options: ConsumeOptions;
  readonly #onError: (error: Error) => void;
  readonly #onClose: () => void;
  readonly #unsettled = new Set<MemoryDelivery>();
  #state: 'listening' | 'paused' | 'closed' = 'paused';
  #running = false;

  constructor(
    queue: MemoryQueue,
    options: ConsumeOptions,
    events: { readonly onError: (error: Error) => void; readonly onClose: () => void },
  ) {
    this.#queue = queue;
    this.#options = options;
    this.#onError = events.onError;
    this.#onClose = events.onClose;
    this.#listen();
  }

  get listening(): boolean {
    return this.#state === 'listening';
  }

  get credit(): number {
    if (this.#options.serial && this.#running) return 0;
    return this.#options.prefetch - this.#unsettled.size;
  }

  deliver(messages: readonly QueuedMessage[]): void {
    const deliveries = messages.map((message) => new MemoryDelivery(message));
    for (const delivery of deliveries) this.#unsettled.add(delivery);
    void this.#handle(deliveries);
  }

  settle(deliveries: readonly Delivery[], as: Settlement): void {
    const back: QueuedMessage[] = [];
    for (const delivery of deliveries) {
      if (!(delivery instanceof MemoryDelivery) || !this.#unsettled.delete(delivery)) continue;
      if (as === 'requeue') back.push(delivery.message);
      else if (as === 'reject') this.#queue.reject(delivery.message);
    }
    if (back.length > 0) this.#queue.giveBack(back);
    else this.#queue.schedule();
  }

  async pause(): Promise<void> {
    if (this.#state !== 'listening') return;
    this.#state = 'paused';
    this.#queue.removeConsumer(this);
  }

  async resume(): Promise<void> {
    if (this.#state === 'paused') this.#listen();
  }

  async close(): Promise<void> {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#queue.removeConsumer(this);
    const back = [...this.#unsettled].map((delivery) => delivery.message);
    this.#unsettled.clear();
    this.#onClose();
    this.#queue.giveBack(back);
  }

  #listen(): void {
    this.#state = 'listening';
    this.#queue.addConsumer(this);
  }

  async #handle(deliveries: readonly MemoryDelivery[]): Promise<void> {
    this.#running = true;
    try {
      await this.#options.onBatch(deliveries);
    } catch (error) {
      this.#onError(error instanceof Error ? error : new Error(String(error)));
    }
    this.#running = false;
    if (this.#options.serial) this.#queue.schedule();
  }
}
