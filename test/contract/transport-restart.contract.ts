import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exchange, workQueueName } from '../../shared/transport/topology.ts';
import type {
  Delivery,
  OutgoingMessage,
  Subscription,
  Transport,
} from '../../shared/transport/transport.ts';
import { eventually } from '../support/eventually.ts';
import { freshModel, requestsTo, requestTo, type TransportHarness } from './transport-harness.ts';

export interface RestartHarness extends TransportHarness {
  restart(how: 'cleanly' | 'killed'): Promise<void>;
}

/**
 * What a durable transport promises when its broker goes down and comes back in the middle of everything. Restarts are
 * slow, so there is one stream of events, a clean restart and then a kill, and each test looks at one promise.
 */
export function transportRestartContract(name: string, start: () => Promise<RestartHarness>): void {
  describe(`transport contract, a broker that is restarted and then killed: ${name}`, () => {
    let harness: RestartHarness;
    let publisher: Transport;
    let consumer: Transport;
    let stream: Stream;
    let streamed: Consumer;
    let held: Consumer;
    let control: Consumer;
    const controlKey = freshModel();

    beforeAll(async () => {
      harness = await start();
      [publisher, consumer] = [await harness.connect(), await harness.connect()];
      const [streamModel, heldModel] = [freshModel(), freshModel()];
      await publisher.declareWorkQueue(streamModel, 1);
      await publisher.declareWorkQueue(heldModel, 1);
      streamed = new Consumer('settles');
      await streamed.consume(consumer, workQueueName(streamModel, 1));
      held = new Consumer('holds');
      await held.consume(consumer, workQueueName(heldModel, 1));
      control = new Consumer('settles');
      await control.consumeExclusive(consumer, controlKey);
      await publisher.publish(requestsTo(heldModel, 3));
      await eventually(() => held.received.length === 3);
      stream = new Stream(publisher, streamModel);
      await stream.confirms(300);
      // Cleanly first: a broker that is killed right after a queue was declared may forget the queue.
      await harness.restart('cleanly');
      await goneOn(6);
      await harness.restart('killed');
      await goneOn(9);
      await stream.stop();
    }, 240_000);

    /** Publishing moves, and every consumer has come back: the next restart finds all of them at work. */
    async function goneOn(heldDeliveries: number): Promise<void> {
      await stream.confirms(300);
      const back = () =>
        [streamed, held, control].every((one) => one.listening) &&
        held.received.length >= heldDeliveries;
      await eventually(back, { timeoutMs: 40_000 });
    }

    afterAll(async () => {
      await Promise.all([publisher?.close(), consumer?.close()]);
      await harness?.stop();
    }, 60_000);

    test('nothing that was confirmed is lost', async () => {
      const missing = () => {
        const seen = new Set(streamed.ids());
        return [...stream.confirmed].filter((id) => !seen.has(id));
      };
      await eventually(() => expect(missing()).toEqual([]), { timeoutMs: 30_000 });
    }, 40_000);

    test('no more duplicates come than messages were in flight: unconfirmed, or unacknowledged', () => {
      const duplicates = streamed.ids().length - new Set(streamed.ids()).size;
      expect(duplicates).toBeLessThanOrEqual(stream.repeated + streamed.lost * prefetch);
    });

    test('consumers go on by themselves, and are told of each loss', async () => {
      expect([streamed, held, control].map((one) => one.listening)).toEqual([true, true, true]);
      for (const one of [streamed, held, control]) expect(one.lost).toBeGreaterThanOrEqual(2);
      await eventually(() => consumer.state === 'connected' && publisher.state === 'connected');
    });

    test('unsettled messages come again, and settling their old deliveries does nothing', async () => {
      held.settle(held.received.slice(0, 3));
      const newest = held.received.slice(-3);
      expect(newest.every((delivery) => delivery.redelivered)).toBe(true);
      held.settle(newest);
      expect(new Set(held.ids()).size).toBe(3);
    });

    test('an exclusive queue and its bindings are there again', async () => {
      const message = requestTo('none', { exchange: exchange.control, routingKey: controlKey });
      expect(await publisher.publish([message])).toEqual([{ status: 'confirmed' }]);
      await eventually(() => control.ids().includes(message.messageId));
    });
  });
}

const prefetch = 50;

/** Keeps what comes, and settles it at once or holds it. */
class Consumer {
  readonly received: Delivery[] = [];
  lost = 0;
  readonly #manner: 'settles' | 'holds';
  #subscription: Subscription | undefined;

  constructor(manner: 'settles' | 'holds') {
    this.#manner = manner;
  }

  get listening(): boolean {
    return this.#subscription?.listening ?? false;
  }

  ids(): (string | undefined)[] {
    return this.received.map((delivery) => delivery.messageId);
  }

  async consume(transport: Transport, queue: string): Promise<void> {
    this.#subscription = await transport.consume(queue, this.#options);
  }

  async consumeExclusive(transport: Transport, routingKey: string): Promise<void> {
    const bindings = [{ exchange: exchange.control, routingKey }];
    const queue = { name: `control.test.${routingKey}`, bindings };
    this.#subscription = await transport.consumeExclusive(queue, this.#options);
  }

  settle(deliveries: readonly Delivery[]): void {
    this.#subscription?.settle(deliveries, 'ack');
  }

  readonly #options = {
    prefetch,
    serial: true,
    onBatch: (deliveries: readonly Delivery[]) => {
      this.received.push(...deliveries);
      if (this.#manner === 'settles') this.settle(deliveries);
    },
    onLost: () => {
      this.lost += 1;
    },
  };
}

/** Publishes batch after batch until stopped; what was not confirmed is published again, as an outbox does. */
class Stream {
  readonly confirmed = new Set<string>();
  /** Messages that were published more than once. */
  repeated = 0;
  #running = true;
  readonly #done: Promise<void>;

  constructor(transport: Transport, model: string) {
    this.#done = this.#run(transport, model);
  }

  /** Waits for that many more confirms. */
  async confirms(more: number): Promise<void> {
    const wanted = this.confirmed.size + more;
    await eventually(() => this.confirmed.size >= wanted, { timeoutMs: 60_000 });
  }

  async stop(): Promise<void> {
    this.#running = false;
    await this.#done;
  }

  async #run(transport: Transport, model: string): Promise<void> {
    let again: OutgoingMessage[] = [];
    while ((this.#running || again.length > 0) && transport.state !== 'closed') {
      const messages = [...again, ...(this.#running ? requestsTo(model, 20) : [])];
      const outcomes = await transport.publish(messages);
      again = messages.filter((_, index) => outcomes[index]?.status !== 'confirmed');
      this.repeated += again.length;
      for (const [index, message] of messages.entries()) {
        if (outcomes[index]?.status === 'confirmed') this.confirmed.add(message.messageId);
      }
    }
  }
}
