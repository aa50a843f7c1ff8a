import { setTimeout as sleep } from 'node:timers/promises';
import { type BackoffPolicy, backoffMs } from '../../backoff/backoff.ts';
import { TransportError } from '../../errors/errors.ts';
import type { ConsumeOptions, Delivery, Settlement, Subscription } from '../transport.ts';
import { Batches } from './batches.ts';
import type { AmqpConnection } from './connection.ts';
import { ConsumerSession, type OurDelivery } from './consumer-session.ts';
import { asError, needsOperator } from './faults.ts';
import { type ConnectionSupervisor, closedError } from './supervisor.ts';

/** A session that held this long was a good one: the next wait is the shortest again. */
const STEADY_MS = 5_000;
/** What only an operator can mend is tried again this rarely. */
const OPERATOR_MS = 5_000;

export interface SubscriptionOptions {
  readonly supervisor: ConnectionSupervisor;
  /** Makes the queue ready on a new connection and says its name there. */
  readonly prepare: (connection: AmqpConnection) => Promise<string>;
  /** The queue goes with the subscription. */
  readonly exclusive: boolean;
  readonly consume: ConsumeOptions;
  readonly consumerTag: string;
  readonly redial: BackoffPolicy;
  readonly onError: (error: Error) => void;
  readonly onClose: () => void;
}

/**
 * Consumes one queue for as long as it is wanted: a session on a channel of its own, and after each loss the next one.
 * 1. While the queue is missing at the first try, `begun` rejects; later losses are reported and tried again.
 * 2. A batch of an old session that still runs holds back the first batch of the new one, where batches are serial.
 * 3. `onLost` is told once for each session that ended by itself.
 */
export class AmqpSubscription implements Subscription {
  /** Resolves at the first session. */
  readonly begun: Promise<void>;
  readonly #options: SubscriptionOptions;
  readonly #batches: Batches<OurDelivery>;
  readonly #begin = Promise.withResolvers<void>();
  readonly #stop = new AbortController();
  #wanted: 'listening' | 'paused' | 'closed' = 'listening';
  #session: ConsumerSession | undefined;
  #turn: Promise<void> = Promise.resolve();

  constructor(options: SubscriptionOptions) {
    this.#options = options;
    this.begun = this.#begin.promise;
    this.#batches = new Batches<OurDelivery>({
      onBatch: options.consume.onBatch,
      serial: options.consume.serial ?? false,
      onError: options.onError,
    });
    void this.#run();
  }

  get listening(): boolean {
    return this.#session?.consuming ?? false;
  }

  settle(deliveries: readonly Delivery[], as: Settlement): void {
    this.#session?.settle(deliveries, as);
  }

  async pause(): Promise<void> {
    if (this.#wanted === 'closed') return;
    this.#wanted = 'paused';
    await this.#apply().catch(this.#options.onError);
  }

  async resume(): Promise<void> {
    if (this.#wanted === 'closed') return;
    this.#wanted = 'listening';
    await this.#apply().catch(this.#options.onError);
  }

  async close(): Promise<void> {
    if (this.#wanted === 'closed') return;
    this.#wanted = 'closed';
    this.#stop.abort();
    this.#begin.reject(closedError());
    this.#batches.withdraw();
    await this.#session?.close(this.#options.exclusive);
    this.#options.onClose();
  }

  /** Brings the session to what is wanted. One change at a time, in the order they were asked for. */
  #apply(): Promise<void> {
    const change = this.#turn.then(async () => {
      const session = this.#session;
      if (!session) return;
      if (this.#wanted === 'listening' && !session.consuming) await session.start();
      if (this.#wanted === 'paused' && session.consuming) {
        await session.stop();
        session.settle(this.#batches.withdraw(), 'requeue');
      }
    });
    this.#turn = change.catch(() => {});
    return change;
  }

  async #run(): Promise<void> {
    const { redial, onError } = this.#options;
    for (let failures = 1; ; failures += 1) {
      let leastWaitMs = 0;
      const since = performance.now();
      try {
        const reason = await this.#consumeUntilLost();
        if (this.#stop.signal.aborted) return;
        onError(new TransportError('consumer_lost', reason.message, { cause: reason }));
      } catch (thrown) {
        const error = asError(thrown);
        if (this.#stop.signal.aborted) return;
        if (needsOperator(error)) {
          leastWaitMs = OPERATOR_MS;
          this.#begin.reject(error);
        }
        onError(error);
      }
      if (performance.now() - since > STEADY_MS) failures = 1;
      const waitMs = leastWaitMs + backoffMs(redial, failures, Math.random());
      await sleep(waitMs, undefined, { signal: this.#stop.signal }).catch(() => {});
      if (this.#stop.signal.aborted) return;
    }
  }

  async #consumeUntilLost(): Promise<Error> {
    const { supervisor, prepare, consume, consumerTag, exclusive } = this.#options;
    const connection = await supervisor.connected();
    const queue = await prepare(connection);
    const session = await ConsumerSession.open(connection, {
      queue,
      prefetch: consume.prefetch,
      consumerTag,
      onDelivery: (delivery) => this.#batches.add(delivery),
    });
    if (this.#stop.signal.aborted) {
      await session.close(exclusive);
      throw closedError();
    }
    this.#session = session;
    try {
      await this.#apply();
      this.#begin.resolve();
      return await session.ended;
    } finally {
      this.#session = undefined;
      this.#batches.withdraw();
      void session.close(false);
      if (!this.#stop.signal.aborted) consume.onLost?.();
    }
  }
}
