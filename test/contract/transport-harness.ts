import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { exchange, queue, workKey, workQueueName } from '../../shared/transport/topology.ts';
import type {
  ConsumeOptions,
  Delivery,
  OutgoingMessage,
  Subscription,
  Transport,
  TransportEvents,
} from '../../shared/transport/transport.ts';

export interface TransportHarness {
  /** One more transport to the same broker. */
  connect(events?: TransportEvents): Promise<Transport>;
  /** The sender name that the broker attests. */
  readonly userId: string | undefined;
  stop(): Promise<void>;
}

let count = 0;

/** A model name that no other test uses, so that its work queue is empty. */
export function freshModel(): string {
  count += 1;
  return `model-${process.pid}-${count}`;
}

export function requestTo(model: string, changes: Partial<OutgoingMessage> = {}): OutgoingMessage {
  count += 1;
  return {
    exchange: exchange.work,
    routingKey: workKey(model, 1),
    body: Buffer.from(`body ${count}`),
    messageId: `message-${process.pid}-${count}`,
    type: 'request',
    mandatory: true,
    ...changes,
  };
}

export function requestsTo(model: string, amount: number): OutgoingMessage[] {
  return Array.from({ length: amount }, () => requestTo(model));
}

export const ids = (deliveries: readonly Pick<Delivery, 'messageId'>[]) =>
  deliveries.map((delivery) => delivery.messageId);

/** What a test of the contract works with: a fresh transport and a model whose work queue is empty. */
export class ContractContext {
  transport!: Transport;
  model = '';
  errors: Error[] = [];
  #harness: TransportHarness | undefined;
  #opened: Transport[] = [];

  /** Registers the hooks that start and stop everything. */
  constructor(start: () => Promise<TransportHarness>) {
    beforeAll(async () => {
      this.#harness = await start();
    });
    afterAll(() => this.#harness?.stop());
    beforeEach(async () => {
      this.errors = [];
      this.model = freshModel();
      this.transport = await this.connect({ onError: (error) => this.errors.push(error) });
      await this.transport.declareWorkQueue(this.model, 1);
    });
    afterEach(async () => {
      await Promise.all(this.#opened.splice(0).map((one) => one.close()));
    });
  }

  get userId(): string | undefined {
    return this.#harness?.userId;
  }

  async connect(events: TransportEvents = {}): Promise<Transport> {
    if (!this.#harness) throw new Error('The transport under test was not started.');
    const one = await this.#harness.connect(events);
    this.#opened.push(one);
    return one;
  }

  /** Consumes the model's queue and keeps what comes. */
  async record(options: Partial<ConsumeOptions> = {}, on = this.transport) {
    const batches: (readonly Delivery[])[] = [];
    const subscription = await on.consume(workQueueName(this.model, 1), {
      prefetch: 100,
      onBatch: (deliveries) => {
        batches.push(deliveries);
      },
      ...options,
    });
    return { subscription, batches, received: () => batches.flat() };
  }

  /** Waits for the dead letter that a message became. */
  async deadLetterOf(message: OutgoingMessage): Promise<Delivery> {
    const found = Promise.withResolvers<Delivery>();
    const onBatch = (deliveries: readonly Delivery[]) => {
      subscription.settle(deliveries, 'ack');
      for (const one of deliveries) if (one.messageId === message.messageId) found.resolve(one);
    };
    let subscription: Subscription = idle;
    const waiting: (readonly Delivery[])[] = [];
    subscription = await this.transport.consume(queue.deadFailed, {
      prefetch: 100,
      onBatch: (deliveries) => {
        if (subscription === idle) waiting.push(deliveries);
        else onBatch(deliveries);
      },
    });
    for (const deliveries of waiting) onBatch(deliveries);
    const delivery = await found.promise;
    await subscription.close();
    return delivery;
  }
}

const idle: Subscription = {
  settle: () => {},
  listening: false,
  pause: async () => {},
  resume: async () => {},
  close: async () => {},
};
