import type { QueueSpec } from '../../../shared/transport/topology.ts';
import type { World } from '../world/world.ts';
import { nameOf, type QueuedMessage } from './message.ts';

export type QueuePolicy = Pick<QueueSpec, 'name'> &
  Partial<Pick<QueueSpec, 'deadLetterKey' | 'deliveryLimit' | 'messageTtlMs' | 'dropHeadLength'>>;

/** Who takes messages from a queue. */
export interface QueueConsumer {
  readonly credit: number;
  readonly unsettled: number;
  deliver(messages: readonly QueuedMessage[]): void;
}

export type Death = 'rejected' | 'expired' | 'delivery_limit';

/** A queue that survives everything but its own deletion. */
export class SimulatedQueue {
  readonly policy: QueuePolicy;
  readonly #world: World;
  readonly #deadLetter: (message: QueuedMessage, queue: SimulatedQueue, why: Death) => void;
  readonly #consumers = new Set<QueueConsumer>();
  #ready: QueuedMessage[] = [];
  #scheduled = false;

  constructor(
    world: World,
    policy: QueuePolicy,
    deadLetter: (message: QueuedMessage, queue: SimulatedQueue, why: Death) => void,
  ) {
    this.#world = world;
    this.policy = policy;
    this.#deadLetter = deadLetter;
  }

  /** Messages that wait in it or were delivered and are not settled. */
  get messages(): number {
    const delivered = [...this.#consumers].reduce((sum, { unsettled }) => sum + unsettled, 0);
    return this.ready.length + delivered;
  }

  get ready(): readonly QueuedMessage[] {
    this.#dropExpired();
    return this.#ready;
  }

  push(message: QueuedMessage): void {
    this.#ready.push(message);
    const { dropHeadLength } = this.policy;
    if (dropHeadLength !== undefined && this.#ready.length > dropHeadLength) this.#ready.shift();
    this.schedule();
  }

  giveBack(messages: readonly QueuedMessage[]): void {
    const kept: QueuedMessage[] = [];
    for (const message of messages) {
      message.deliveryCount += 1;
      const { deliveryLimit = Number.POSITIVE_INFINITY } = this.policy;
      if (message.deliveryCount > deliveryLimit) this.#deadLetter(message, this, 'delivery_limit');
      else kept.push(message);
    }
    this.#ready.unshift(...kept);
    this.schedule();
  }

  reject(message: QueuedMessage): void {
    this.#deadLetter(message, this, 'rejected');
  }

  add(consumer: QueueConsumer): void {
    this.#consumers.add(consumer);
    this.schedule();
  }

  remove(consumer: QueueConsumer): void {
    this.#consumers.delete(consumer);
  }

  /** Looks soon whether something can be delivered. */
  schedule(): void {
    if (this.#scheduled || this.#ready.length === 0 || this.#consumers.size === 0) return;
    this.#scheduled = true;
    const { clock, chance } = this.#world;
    clock.after(chance.upTo(1), () => this.#dispatch(), null);
  }

  #dispatch(): void {
    this.#scheduled = false;
    this.#dropExpired();
    const { random } = this.#world.chance;
    const batches = new Map<QueueConsumer, QueuedMessage[]>();
    while (this.#ready.length > 0) {
      const able = [...this.#consumers].filter(
        (consumer) => consumer.credit > (batches.get(consumer)?.length ?? 0),
      );
      if (able.length === 0) break;
      const consumer = random.pick(able);
      const message = this.#ready.shift() as QueuedMessage;
      batches.set(consumer, [...(batches.get(consumer) ?? []), message]);
    }
    for (const [consumer, batch] of batches) consumer.deliver(batch);
  }

  /** As on the broker, only the head is looked at. */
  #dropExpired(): void {
    for (;;) {
      const [head] = this.#ready;
      if (!head || head.expiresAtMs > this.#world.clock.elapsedMs) return;
      this.#ready.shift();
      this.#world.trace.write('broker', `expired in ${this.policy.name}: ${nameOf(head.message)}`);
      this.#deadLetter(head, this, 'expired');
    }
  }
}
