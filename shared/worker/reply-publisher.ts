import { type BackoffPolicy, backoffMs } from '../backoff/backoff.ts';
import { failpoint, failpointOnceWritten } from '../failpoints/failpoint.ts';
import type { Logger } from '../telemetry/logger.ts';
import type {
  Delivery,
  OutgoingMessage,
  PublishOutcome,
  Subscription,
  Transport,
} from '../transport/transport.ts';

/**
 * Publishes answers and settles the requests they answer. Invariants:
 * P1 a request is acked only after the broker confirmed its answer, to this worker or to the one that says so;
 * P2 an answer that is not confirmed is published again until it is, also when its request was lost: a call that ended while
 *    the broker was away has its reply, whoever gets the request next;
 * P3 a request that was lost is never settled: the broker delivers it again, and it joins the answer that is on its way, or
 *    the reply cache answers it.
 */

interface Answer {
  readonly message: OutgoingMessage;
  /** May grow while the answer is on its way: redeliveries join. */
  readonly deliveries: Delivery[];
  failures: number;
  /** Runs while it waits for its next try. */
  retry?: NodeJS.Timeout | undefined;
}

const publishAgain: BackoffPolicy = { initialMs: 100, factor: 2, maxMs: 5_000, jitter: 'full' };

export class ReplyPublisher {
  readonly #transport: Transport;
  readonly #subscription: Promise<Subscription>;
  readonly #logger: Logger;
  /** Deliveries that can still be settled. */
  readonly #held = new Set<Delivery>();
  readonly #unconfirmed = new Map<OutgoingMessage, Answer>();
  readonly #idleWaiters = new Set<() => void>();
  #ready: Answer[] = [];
  #open = 0;
  #closed = false;

  constructor(transport: Transport, subscription: Promise<Subscription>, logger: Logger) {
    this.#transport = transport;
    this.#subscription = subscription;
    this.#logger = logger;
  }

  /** Notes deliveries as ours, until they are settled or lost. */
  hold(deliveries: readonly Delivery[]): void {
    for (const delivery of deliveries) this.#held.add(delivery);
  }

  /** All that was held is lost (P3). */
  lost(): void {
    this.#held.clear();
  }

  /**
   * Publishes an answer with the others of this tick, in one call, and acks what it answers when it is confirmed. The same
   * message again joins the one that is on its way.
   */
  add(message: OutgoingMessage, deliveries: readonly Delivery[]): void {
    const underWay = this.#unconfirmed.get(message);
    if (underWay !== undefined) {
      underWay.deliveries.push(...deliveries);
      // Who can deliver can confirm.
      if (underWay.retry !== undefined) this.#enqueue(underWay);
      return;
    }
    this.#open += 1;
    const answer = { message, deliveries: [...deliveries], failures: 0 };
    this.#unconfirmed.set(message, answer);
    this.#enqueue(answer);
  }

  /** Whether a message is not confirmed yet. */
  isUnderWay(message: OutgoingMessage): boolean {
    return this.#unconfirmed.has(message);
  }

  /** Acks requests whose answer another worker has published (P1). */
  async done(deliveries: readonly Delivery[]): Promise<void> {
    await this.#settle(deliveries, 'ack');
  }

  /** Gives requests back to their queue unanswered. */
  async giveBack(deliveries: readonly Delivery[]): Promise<void> {
    await this.#settle(deliveries, 'requeue');
  }

  /** Resolves when no answer is on its way. */
  async idle(): Promise<void> {
    if (this.#open === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#idleWaiters.add(resolve);
    await promise;
  }

  /** Publishes nothing again; what is not confirmed by now stays unsettled. Idempotent. */
  close(): void {
    this.#closed = true;
    for (const { retry } of this.#unconfirmed.values()) clearTimeout(retry);
  }

  #enqueue(answer: Answer): void {
    clearTimeout(answer.retry);
    answer.retry = undefined;
    this.#ready.push(answer);
    // After the I/O of this tick, so that all that finished in it goes out together.
    if (this.#ready.length === 1) setImmediate(() => void this.#flush());
  }

  async #flush(): Promise<void> {
    const batch = this.#ready;
    this.#ready = [];
    const outcomes = await this.#publish(batch);
    const confirmed: Delivery[] = [];
    let done = 0;
    batch.forEach((answer, index) => {
      const outcome = outcomes[index];
      if (outcome?.status !== 'confirmed' && this.#again(answer, outcome)) return;
      if (outcome?.status === 'confirmed') confirmed.push(...answer.deliveries);
      this.#unconfirmed.delete(answer.message);
      done += 1;
    });
    failpoint('W7');
    await this.#settle(confirmed, 'ack');
    failpointOnceWritten('W8');
    this.#finish(done);
  }

  async #publish(batch: readonly Answer[]): Promise<readonly PublishOutcome[]> {
    try {
      failpoint('W5');
      const published = this.#transport.publish(batch.map(({ message }) => message));
      failpointOnceWritten('W6');
      return await published;
    } catch (error) {
      this.#logger.error({ err: error }, 'publishing replies failed');
      return [];
    }
  }

  /** Answers whether the message will be tried again (P2). */
  #again(answer: Answer, outcome: PublishOutcome | undefined): boolean {
    const { messageId, correlationId } = answer.message;
    const fields = { messageId, run: correlationId, status: outcome?.status ?? 'unconfirmed' };
    if (this.#closed) {
      this.#logger.warn(fields, 'reply not confirmed; its request will be delivered again');
      return false;
    }
    answer.failures += 1;
    const waitMs = backoffMs(publishAgain, answer.failures, Math.random());
    this.#logger.warn({ ...fields, failures: answer.failures, waitMs }, 'reply not confirmed');
    answer.retry = setTimeout(() => this.#enqueue(answer), waitMs);
    return true;
  }

  async #settle(deliveries: readonly Delivery[], as: 'ack' | 'requeue'): Promise<void> {
    const subscription = await this.#subscription;
    const ours = deliveries.filter((delivery) => this.#held.delete(delivery));
    if (ours.length > 0) subscription.settle(ours, as);
  }

  #finish(answers: number): void {
    this.#open -= answers;
    if (this.#open > 0) return;
    for (const resolve of this.#idleWaiters) resolve();
    this.#idleWaiters.clear();
  }
}
