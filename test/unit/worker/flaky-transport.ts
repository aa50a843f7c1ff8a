import type {
  ConsumeOptions,
  OutgoingMessage,
  PublishOutcome,
  Subscription,
  Transport,
} from '../../../shared/transport/transport.ts';

/** The memory transport with a broker that can be told to confirm nothing, and to lose what it has delivered. */
export interface FlakyTransport extends Transport {
  /** How each publish call ends; undefined: as the broker says. */
  outcome: PublishOutcome['status'] | undefined;
  /** Message counts of the publish calls so far. */
  readonly publishCalls: number[];
  /** Replies that reached the broker. */
  confirmed: number;
  /** How often something was settled. */
  settleCalls: number;
  /** Everything delivered is given back to its queue and delivered again, as after a lost channel. */
  loseDeliveries(): Promise<void>;
  /** The consumer is told that it has lost everything delivered; none of it comes again. */
  takeAway(): void;
}

export function flaky(inner: Transport): FlakyTransport {
  const losses: (() => Promise<void>)[] = [];
  const tellLost: (() => void)[] = [];
  const transport: FlakyTransport = {
    outcome: undefined,
    publishCalls: [],
    confirmed: 0,
    settleCalls: 0,
    durable: inner.durable,
    userId: inner.userId,
    get state() {
      return inner.state;
    },
    async publish(messages: readonly OutgoingMessage[]): Promise<PublishOutcome[]> {
      transport.publishCalls.push(messages.length);
      const { outcome } = transport;
      if (outcome === undefined || outcome === 'confirmed') {
        transport.confirmed += messages.filter(({ type }) => type === 'reply').length;
        return inner.publish(messages);
      }
      return messages.map(() => ({ status: outcome, error: new Error(outcome) }));
    },
    async consume(queue: string, options: ConsumeOptions): Promise<Subscription> {
      let current = await inner.consume(queue, options);
      tellLost.push(() => options.onLost?.());
      losses.push(async () => {
        const lost = current;
        await lost.pause();
        options.onLost?.();
        await lost.close();
        current = await inner.consume(queue, options);
      });
      return {
        get listening() {
          return current.listening;
        },
        settle(deliveries, as) {
          transport.settleCalls += 1;
          current.settle(deliveries, as);
        },
        pause: () => current.pause(),
        resume: () => current.resume(),
        close: () => current.close(),
      };
    },
    consumeExclusive: (queue, options) => inner.consumeExclusive(queue, options),
    declareWorkQueue: (model, version) => inner.declareWorkQueue(model, version),
    readyCount: (queue) => inner.readyCount(queue),
    close: () => inner.close(),
    async loseDeliveries() {
      for (const lose of losses) await lose();
    },
    takeAway() {
      for (const tell of tellLost) tell();
    },
  };
  return transport;
}
