import type { Channel, ChannelModel, ConfirmChannel } from 'amqplib';
import { TransportError } from '../../errors/errors.ts';
import { asError } from './faults.ts';

/** A channel with the reason of its end. */
export interface OpenChannel<C extends Channel = Channel> {
  readonly channel: C;
  /** False from the moment it is closed, whoever closed it. */
  readonly open: boolean;
  /** Resolves with the reason when the channel is closed. Never rejects. */
  readonly ended: Promise<Error>;
  /** Takes it as closed although the broker has not said so. */
  abandon(): void;
}

/** How long the broker may take to close a channel before it counts as closed all the same. */
const CLOSE_CHANNEL_MS = 1_000;
/** Channels that never answered keep their numbers; with this many a connection is worn out. */
const MOST_UNANSWERED = 50;

export interface ConnectionParts {
  readonly model: ChannelModel;
  readonly broker: string;
  /** Destroys the socket. */
  readonly destroy: () => void;
  readonly answerTimeoutMs: number;
}

/**
 * One live connection, until it ends. Every emitter of amqplib that it hands out has its error listeners before anything
 * can go wrong on it, and every question to the broker has a time limit. An unanswered one ends the connection only when
 * the broker does not answer on another channel either: one queue without a leader must not disturb the others.
 */
export class AmqpConnection {
  /** Resolves with the reason when the connection is gone. Never rejects. */
  readonly ended: Promise<Error>;
  readonly broker: string;
  /** Told when the broker stops or starts taking publishes on this connection. */
  onBlocked: (blocked: boolean) => void = () => {};
  readonly #model: ChannelModel;
  readonly #destroy: () => void;
  readonly #answerTimeoutMs: number;
  #open = true;
  #blocked = false;
  #reason: Error | undefined;
  #unanswered = 0;

  constructor(parts: ConnectionParts) {
    this.broker = parts.broker;
    this.#model = parts.model;
    this.#destroy = parts.destroy;
    this.#answerTimeoutMs = parts.answerTimeoutMs;
    const { promise, resolve } = Promise.withResolvers<Error>();
    this.ended = promise;
    const { model } = parts;
    model.on('error', (error) => {
      this.#reason ??= error;
    });
    model.on('blocked', () => this.#setBlocked(true));
    model.on('unblocked', () => this.#setBlocked(false));
    model.on('close', (error) => {
      this.#open = false;
      resolve(this.#reason ?? error ?? new Error('The connection was closed.'));
      // amqplib only ends its half; a peer that is gone would keep the socket open for minutes.
      setTimeout(this.#destroy, 1_000).unref();
    });
  }

  get open(): boolean {
    return this.#open;
  }

  /** True while the broker takes no publishes (memory or disk alarm). */
  get blocked(): boolean {
    return this.#blocked;
  }

  openChannel(): Promise<OpenChannel> {
    return this.answered(this.#listenedTo(this.#model.createChannel()));
  }

  openConfirmChannel(): Promise<OpenChannel<ConfirmChannel>> {
    return this.answered(this.#listenedTo(this.#model.createConfirmChannel()));
  }

  /** Does something on a channel of its own: a refused declaration or check closes the channel it was made on. */
  async withChannel<T>(use: (channel: Channel) => Promise<T>): Promise<T> {
    const session = await this.openChannel();
    try {
      return await this.answered(use(session.channel));
    } finally {
      await this.closeChannel(session);
    }
  }

  async closeChannel(session: OpenChannel): Promise<void> {
    if (!session.open) return;
    const timer = setTimeout(() => session.abandon(), CLOSE_CHANNEL_MS);
    // Already closing is as good. amqplib forgets this promise when the connection dies; `ended` is told.
    session.channel.close().catch(() => {});
    await session.ended;
    clearTimeout(timer);
  }

  /** The answer of the broker; rejects when it does not come in time. */
  async answered<T>(answer: Promise<T>): Promise<T> {
    const late = Promise.withResolvers<never>();
    const giveUp = async () => {
      // A blocked connection is not read by the broker; no answer says nothing about its health.
      if (this.#blocked) timer = setTimeout(giveUp, this.#answerTimeoutMs).unref();
      else late.reject(await this.#silence());
    };
    let timer = setTimeout(giveUp, this.#answerTimeoutMs).unref();
    try {
      return await Promise.race([answer, late.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends the connection without a word to the broker. Returns the reason it will report. */
  kill(why: string): Error {
    this.#reason ??= new TransportError(
      'connection_lost',
      `The connection to ${this.broker} was given up: ${why}.`,
    );
    this.#destroy();
    return this.#reason;
  }

  /** Says goodbye, for at most `timeoutMs`. */
  async close(timeoutMs: number): Promise<void> {
    if (!this.#open) return;
    const timer = setTimeout(() => this.kill('the broker did not answer the goodbye'), timeoutMs);
    await Promise.race([this.#model.close().catch(() => {}), this.ended]);
    clearTimeout(timer);
  }

  /** A question was not answered. Asks another, on a new channel, and ends the connection when that stays silent too. */
  async #silence(): Promise<Error> {
    const what = `no answer within ${this.#answerTimeoutMs} ms`;
    this.#unanswered += 1;
    if (!this.#open || this.#unanswered > MOST_UNANSWERED) return this.kill(what);
    const timer = setTimeout(() => this.kill(what), this.#answerTimeoutMs).unref();
    try {
      const probe = await this.#listenedTo(this.#model.createChannel());
      void this.closeChannel(probe);
    } catch {
      return this.kill(what);
    } finally {
      clearTimeout(timer);
    }
    return new TransportError('broker_silent', `The broker at ${this.broker} gave ${what}.`);
  }

  #setBlocked(blocked: boolean): void {
    this.#blocked = blocked;
    this.onBlocked(blocked);
  }

  async #listenedTo<C extends Channel>(opening: Promise<C>): Promise<OpenChannel<C>> {
    const channel = await opening;
    const { promise: ended, resolve } = Promise.withResolvers<Error>();
    let reason: Error | undefined;
    let open = true;
    const end = () => {
      open = false;
      resolve(reason ?? this.#reason ?? new Error('The channel was closed.'));
    };
    channel.on('error', (error: Error) => {
      reason ??= error;
    });
    channel.on('handler-error', (error: Error) => {
      reason ??= asError(error);
    });
    channel.on('close', end);
    // The connection may have ended between the broker's answer and this line; its channels were closed with it.
    if (!this.#open) end();
    return {
      channel,
      ended,
      abandon: end,
      get open() {
        return open;
      },
    };
  }
}
