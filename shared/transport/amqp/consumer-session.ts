import { type ConsumeMessage, IllegalOperationError } from 'amqplib';
import { TransportError } from '../../errors/errors.ts';
import type { Delivery, Settlement } from '../transport.ts';
import { AckWindow } from './ack-window.ts';
import type { AmqpConnection, OpenChannel } from './connection.ts';
import { asError, topologyFault } from './faults.ts';
import { AmqpDelivery } from './properties.ts';

export type OurDelivery = AmqpDelivery<ConsumerSession>;

export interface SessionOptions {
  readonly queue: string;
  readonly prefetch: number;
  readonly consumerTag: string;
  readonly onDelivery: (delivery: OurDelivery) => void;
}

/**
 * A consumer on one channel, until the channel, the connection or the consumer itself is lost. Deliveries are settled on
 * the channel that brought them or not at all: the broker delivers them again.
 */
export class ConsumerSession {
  /** Resolves with the reason when nothing can come or be settled here any more. Never rejects. */
  readonly ended: Promise<Error>;
  readonly #connection: AmqpConnection;
  readonly #session: OpenChannel;
  readonly #options: SessionOptions;
  readonly #window = new AckWindow<OurDelivery>();
  readonly #cancelled = Promise.withResolvers<Error>();
  #consumers = 0;
  #consumerTag: string | undefined;
  #over = false;

  /** Opens the channel; `start` consumes. */
  static async open(connection: AmqpConnection, options: SessionOptions): Promise<ConsumerSession> {
    const session = await connection.openChannel();
    await connection.answered(session.channel.prefetch(options.prefetch));
    return new ConsumerSession(connection, session, options);
  }

  private constructor(connection: AmqpConnection, session: OpenChannel, options: SessionOptions) {
    this.#connection = connection;
    this.#session = session;
    this.#options = options;
    this.ended = Promise.race([session.ended, this.#cancelled.promise]);
  }

  get consuming(): boolean {
    return this.#consumerTag !== undefined && !this.#over && this.#session.open;
  }

  async start(): Promise<void> {
    const { queue } = this.#options;
    this.#consumers += 1;
    const consumerTag = `${this.#options.consumerTag}.${this.#consumers}`;
    const receive = (message: ConsumeMessage | null) => {
      if (message) this.#receive(message);
      else void this.#cancelledByBroker(consumerTag);
    };
    try {
      const consuming = this.#session.channel.consume(queue, receive, { consumerTag });
      await this.#connection.answered(consuming);
    } catch (error) {
      throw topologyFault(asError(error), `queue ${queue}`);
    }
    this.#consumerTag = consumerTag;
  }

  /** No new deliveries; those that came can still be settled. */
  async stop(): Promise<void> {
    const consumerTag = this.#consumerTag;
    if (consumerTag === undefined) return;
    await this.#connection.answered(this.#session.channel.cancel(consumerTag));
    this.#consumerTag = undefined;
  }

  /** Settles deliveries of this session; others, and those settled before, are skipped. */
  settle(deliveries: readonly Delivery[], as: Settlement): void {
    const ours: OurDelivery[] = [];
    for (const delivery of deliveries) {
      if (!this.#owns(delivery)) continue;
      delivery.origin = undefined;
      ours.push(delivery);
    }
    if (ours.length === 0 || this.#over || !this.#session.open) return;
    try {
      if (as === 'ack') this.#acknowledge(ours);
      else this.#refuse(ours, as === 'requeue');
    } catch (error) {
      // The channel is closing: the broker will deliver them again.
      if (!(error instanceof IllegalOperationError)) throw error;
    }
  }

  /** Closes the channel: what is unsettled goes back to the queue. `deleteQueue`: the queue goes too. */
  async close(deleteQueue: boolean): Promise<void> {
    this.#over = true;
    if (deleteQueue && this.#session.open) {
      const deleted = this.#session.channel.deleteQueue(this.#options.queue);
      await this.#connection.answered(deleted).catch(() => {});
    }
    await this.#connection.closeChannel(this.#session);
  }

  #owns(delivery: Delivery): delivery is OurDelivery {
    return delivery instanceof AmqpDelivery && delivery.origin === this;
  }

  #acknowledge(deliveries: readonly OurDelivery[]): void {
    const { upTo, single } = this.#window.acknowledged(deliveries);
    if (upTo) this.#session.channel.ack(upTo.message, true);
    for (const delivery of single) this.#session.channel.ack(delivery.message);
  }

  /** One by one with basic.reject: from RabbitMQ 4.3 on a nack does not count towards the delivery limit. */
  #refuse(deliveries: readonly OurDelivery[], requeue: boolean): void {
    this.#window.settled(deliveries);
    for (const delivery of deliveries) this.#session.channel.reject(delivery.message, requeue);
  }

  #receive(message: ConsumeMessage): void {
    const delivery: OurDelivery = new AmqpDelivery<ConsumerSession>(message, this);
    this.#window.delivered(delivery);
    if (!this.#over) this.#options.onDelivery(delivery);
  }

  /** The broker dropped the consumer: its queue was deleted, moved, or a delivery took too long. */
  async #cancelledByBroker(consumerTag: string): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    // amqplib never answers the broker's cancel; RabbitMQ 4.3 keeps the consumer as suspect until somebody does.
    const { channel } = this.#session;
    try {
      await this.#connection.answered(channel.cancel(consumerTag));
      await this.#connection.closeChannel(this.#session);
    } catch {
      // The channel is gone already.
    }
    const message = `The broker cancelled the consumer of ${this.#options.queue}.`;
    this.#cancelled.resolve(new TransportError('consumer_cancelled', message));
  }
}
