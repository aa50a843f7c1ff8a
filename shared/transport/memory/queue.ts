import { Fifo } from '../fifo.ts';
import type { QueueSpec } from '../topology.ts';
import type { DeathReason, QueuedMessage } from './message.ts';

/** Who takes messages from a queue. */
export interface QueueConsumer {
  /** Messages it may be given now. */
  readonly credit: number;
  deliver(messages: readonly QueuedMessage[]): void;
}

export type QueuePolicy = Pick<
  QueueSpec,
  'name' | 'deadLetterKey' | 'deliveryLimit' | 'messageTtlMs' | 'dropHeadLength'
>;

/**
 * A queue of the memory broker. Deliveries happen in a later turn of the event loop, so that what is published in one
 * turn forms one batch and a busy chain of services never starves timers and sockets.
 */
export class MemoryQueue {
  readonly policy: QueuePolicy;
  readonly #deadLetter: (message: QueuedMessage, queue: MemoryQueue, reason: DeathReason) => void;
  readonly #ready = new Fifo<QueuedMessage>();
  #consumers: QueueConsumer[] = [];
  #turn = 0;
  #scheduled = false;
  #expiry: NodeJS.Timeout | undefined;

  constructor(
    policy: QueuePolicy,
    deadLetter: (message: QueuedMessage, queue: MemoryQueue, reason: DeathReason) => void,
  ) {
    this.policy = policy;
    this.#deadLetter = deadLetter;
  }

  get readyCount(): number {
    this.#dropExpired(Date.now());
    return this.#ready.length;
  }

  /** When a message that arrives now is too old for this queue. */
  get expiresAt(): number {
    const { messageTtlMs } = this.policy;
    return messageTtlMs === undefined ? Number.POSITIVE_INFINITY : Date.now() + messageTtlMs;
  }

  push(message: QueuedMessage): void {
    this.#ready.push(message);
    const { dropHeadLength } = this.policy;
    if (dropHeadLength !== undefined && this.#ready.length > dropHeadLength) this.#ready.shift();
    this.schedule();
    if (message.expiresAt !== Number.POSITIVE_INFINITY) this.#watchExpiry();
  }

  /** Takes unsettled messages back, in front. Each counts towards the delivery limit. */
  giveBack(messages: readonly QueuedMessage[]): void {
    const limit = this.policy.deliveryLimit ?? Number.POSITIVE_INFINITY;
    const kept: QueuedMessage[] = [];
    for (const message of messages) {
      message.deliveryCount += 1;
      if (message.deliveryCount > limit) this.#deadLetter(message, this, 'delivery_limit');
      else kept.push(message);
    }
    this.#ready.unshift(kept);
    this.schedule();
    this.#watchExpiry();
  }

  reject(message: QueuedMessage): void {
    this.#deadLetter(message, this, 'rejected');
  }

  addConsumer(consumer: QueueConsumer): void {
    this.#consumers.push(consumer);
    this.schedule();
  }

  removeConsumer(consumer: QueueConsumer): void {
    this.#consumers = this.#consumers.filter((other) => other !== consumer);
  }

  /** Looks again, soon, whether something can be delivered. */
  schedule(): void {
    if (this.#scheduled || this.#ready.length === 0 || this.#consumers.length === 0) return;
    this.#scheduled = true;
    setImmediate(this.#dispatch);
  }

  /** What waits here, oldest first. */
  waiting(): readonly QueuedMessage[] {
    return [...this.#ready];
  }

  close(): void {
    clearTimeout(this.#expiry);
    this.#consumers = [];
  }

  readonly #dispatch = (): void => {
    this.#scheduled = false;
    this.#dropExpired(Date.now());
    const batches = new Map<QueueConsumer, QueuedMessage[]>();
    let withoutCredit = 0;
    while (this.#ready.length > 0 && withoutCredit < this.#consumers.length) {
      const consumer = this.#consumers[this.#turn % this.#consumers.length];
      this.#turn = (this.#turn + 1) % this.#consumers.length;
      if (!consumer) break;
      let batch = batches.get(consumer);
      if ((batch?.length ?? 0) >= consumer.credit) {
        withoutCredit += 1;
        continue;
      }
      withoutCredit = 0;
      if (!batch) {
        batch = [];
        batches.set(consumer, batch);
      }
      const message = this.#ready.shift();
      if (message) batch.push(message);
    }
    for (const [consumer, batch] of batches) consumer.deliver(batch);
  };

  /** As on the broker, only the head is looked at: an old message behind a young one waits. */
  #dropExpired(now: number): void {
    for (let head = this.#ready.peek(); head && head.expiresAt <= now; head = this.#ready.peek()) {
      this.#ready.shift();
      this.#deadLetter(head, this, 'expired');
    }
  }

  #watchExpiry(): void {
    const head = this.#ready.peek();
    if (this.#expiry || !head || head.expiresAt === Number.POSITIVE_INFINITY) return;
    this.#expiry = setTimeout(
      () => {
        this.#expiry = undefined;
        this.#dropExpired(Date.now());
        this.#watchExpiry();
      },
      Math.max(1, head.expiresAt - Date.now()),
    ).unref();
  }
}
