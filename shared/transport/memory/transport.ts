import { TransportError } from '../../errors/errors.ts';
import { queueNamed, workQueue } from '../topology.ts';
import type {
  ConsumeOptions,
  ExclusiveQueue,
  OutgoingMessage,
  PublishOutcome,
  Subscription,
  Transport,
  TransportEvents,
  TransportState,
} from '../transport.ts';
import type { MemoryBroker } from './broker.ts';
import type { MemoryQueue } from './queue.ts';
import { MemorySubscription } from './subscription.ts';

export interface MemoryOptions extends TransportEvents {
  /** The sender that its messages carry, as a broker would attest it. Default: none. */
  readonly userId?: string;
}

/** A transport to a broker in this process. It is connected at once and never lost. */
export function connectMemory(broker: MemoryBroker, options: MemoryOptions = {}): Transport {
  return new MemoryTransport(broker, options);
}

class MemoryTransport implements Transport {
  readonly durable = false;
  readonly userId: string | undefined;
  readonly #broker: MemoryBroker;
  readonly #events: TransportEvents;
  readonly #subscriptions = new Set<MemorySubscription>();
  #state: TransportState = 'connected';

  constructor(broker: MemoryBroker, options: MemoryOptions) {
    this.#broker = broker;
    this.#events = options;
    this.userId = options.userId;
  }

  get state(): TransportState {
    return this.#state;
  }

  async publish(messages: readonly OutgoingMessage[]): Promise<PublishOutcome[]> {
    if (this.#state === 'closed') {
      return messages.map(() => ({ status: 'unconfirmed', error: closedError() }));
    }
    return messages.map((message) => this.#broker.publish(message, this.userId));
  }

  async consume(queue: string, options: ConsumeOptions): Promise<Subscription> {
    const spec = queueNamed(queue);
    if (!spec) throw new TransportError('unknown_queue', `${queue} is no queue of Flotilla.`);
    return this.#subscribe(this.#broker.declare(spec), options, () => {});
  }

  async consumeExclusive(queue: ExclusiveQueue, options: ConsumeOptions): Promise<Subscription> {
    if (this.#broker.has(queue.name)) {
      throw new TransportError('queue_in_use', `The queue ${queue.name} has its consumer already.`);
    }
    const declared = this.#broker.declare({
      name: queue.name,
      bindings: queue.bindings,
      ...(queue.maxLength === undefined ? {} : { dropHeadLength: queue.maxLength }),
    });
    return this.#subscribe(declared, options, () => this.#broker.remove(declared));
  }

  async declareWorkQueue(model: string, version: number): Promise<void> {
    this.#broker.declare(workQueue(model, version));
  }

  async readyCount(queue: string): Promise<number> {
    return this.#broker.readyCount(queue);
  }

  async close(): Promise<void> {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    await Promise.all([...this.#subscriptions].map((subscription) => subscription.close()));
    this.#events.onState?.('closed');
  }

  #subscribe(queue: MemoryQueue, options: ConsumeOptions, onClose: () => void): Subscription {
    if (this.#state === 'closed') throw closedError();
    const subscription = new MemorySubscription(queue, options, {
      onError: (error) => this.#events.onError?.(error),
      onClose: () => {
        this.#subscriptions.delete(subscription);
        onClose();
      },
    });
    this.#subscriptions.add(subscription);
    return subscription;
  }
}

function closedError(): TransportError {
  return new TransportError('transport_closed', 'The transport is closed.');
}
