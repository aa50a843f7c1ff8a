import { TransportError } from '../../errors/errors.ts';
import { exchange, exchanges, type QueueSpec, staticQueues } from '../topology.ts';
import type { OutgoingMessage, PublishOutcome } from '../transport.ts';
import { type DeathReason, deadLettered, type QueuedMessage, queued } from './message.ts';
import { MemoryQueue, type QueuePolicy } from './queue.ts';
import { TopicExchange } from './routing.ts';

const confirmed: PublishOutcome = Object.freeze({ status: 'confirmed' });

/**
 * A message broker in this process: the exchanges and queues of the topology table with their dead-letter routes, limits
 * and times to live. One object is shared by all transports of the process. Nothing in it survives the process.
 */
export class MemoryBroker {
  readonly #exchanges = new Map(
    exchanges.map((spec) => [spec.name, new TopicExchange<MemoryQueue>()] as const),
  );
  readonly #queues = new Map<string, MemoryQueue>();

  constructor() {
    for (const spec of staticQueues) this.declare(spec);
  }

  /** The queue of that specification; made when it is not there yet. */
  declare(spec: QueuePolicy & Pick<QueueSpec, 'bindings'>): MemoryQueue {
    const known = this.#queues.get(spec.name);
    if (known) return known;
    const queue = new MemoryQueue(spec, this.#deadLetter);
    this.#queues.set(spec.name, queue);
    for (const binding of spec.bindings) {
      this.#exchange(binding.exchange).bind(queue, binding.routingKey);
    }
    return queue;
  }

  /** Forgets a queue and what is in it. */
  remove(queue: MemoryQueue): void {
    queue.close();
    this.#queues.delete(queue.policy.name);
    for (const topic of this.#exchanges.values()) topic.unbind(queue);
  }

  has(queue: string): boolean {
    return this.#queues.has(queue);
  }

  publish(message: OutgoingMessage, userId: string | undefined): PublishOutcome {
    const topic = this.#exchanges.get(message.exchange);
    if (!topic) {
      const error = new TransportError('exchange_missing', `No exchange '${message.exchange}'.`);
      return { status: 'rejected', error };
    }
    const queues = topic.route(message.routingKey);
    if (queues.length === 0 && message.mandatory) {
      const target = `${message.exchange} with routing key ${message.routingKey}`;
      const error = new TransportError('unroutable', `No queue takes messages to ${target}.`);
      return { status: 'unroutable', error };
    }
    for (const queue of queues) queue.push(queued(message, userId, queue.expiresAt));
    return confirmed;
  }

  readyCount(queue: string): number {
    return this.#queues.get(queue)?.readyCount ?? 0;
  }

  /** What waits in a queue, oldest first; for tests and for looking inside a process. */
  waiting(queue: string): readonly QueuedMessage[] {
    return this.#queues.get(queue)?.waiting() ?? [];
  }

  readonly #deadLetter = (message: QueuedMessage, queue: MemoryQueue, reason: DeathReason) => {
    const routingKey = queue.policy.deadLetterKey;
    if (routingKey === undefined) return;
    const death = deadLettered(message, queue.policy.name, reason);
    for (const target of this.#exchange(exchange.dead).route(routingKey)) {
      target.push({ ...message, ...death, exchange: exchange.dead, routingKey });
    }
  };

  #exchange(name: string): TopicExchange<MemoryQueue> {
    const topic = this.#exchanges.get(name);
    if (!topic) throw new TransportError('exchange_missing', `No exchange '${name}'.`);
    return topic;
  }
}
