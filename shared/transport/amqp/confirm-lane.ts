import { setTimeout as sleep } from 'node:timers/promises';
import { type ConfirmChannel, IllegalOperationError, type Message } from 'amqplib';
import { type BackoffPolicy, backoffMs } from '../../backoff/backoff.ts';
import { TransportError } from '../../errors/errors.ts';
import { Fifo } from '../fifo.ts';
import type { OutgoingMessage, PublishOutcome } from '../transport.ts';
import type { OpenChannel } from './connection.ts';
import { asError } from './faults.ts';
import { confirmed, type Pending } from './pending.ts';
import { toProperties } from './properties.ts';
import type { ConnectionSupervisor } from './supervisor.ts';

/** A channel that held this long was a good one: the next wait is the shortest again. */
const STEADY_MS = 5_000;

export interface LaneOptions {
  readonly supervisor: ConnectionSupervisor;
  readonly userId: string;
  /** Most messages sent and not yet confirmed. */
  readonly window: number;
  readonly confirmTimeoutMs: number;
  readonly redial: BackoffPolicy;
  /** The channel was closed: the outcomes of the messages that were on it. */
  readonly onLost: (reason: Error) => (message: OutgoingMessage) => PublishOutcome;
  /** Mends what closed the channel, as far as it can, before the next one is opened. */
  readonly repair: (reason: Error) => Promise<void>;
  /** Told at each confirm; left out on the hot path. */
  readonly onConfirmed?: () => void;
  readonly onError: (error: Error) => void;
}

/**
 * One confirm channel and the messages on it.
 * 1. At most `window` messages are sent and unconfirmed; nothing is sent while the broker blocks or the buffer is full.
 * 2. Every message gets exactly one outcome. A confirm that comes after it changes nothing.
 * 3. Confirms that stay away for `confirmTimeoutMs` end the channel, and all on it is `unconfirmed`.
 * 4. What waits to be sent fails after `confirmTimeoutMs` only when nothing moves: no channel, blocked, or rule 3.
 */
export class ConfirmLane {
  readonly #options: LaneOptions;
  readonly #waiting = new Fifo<Pending>();
  readonly #sent = new Set<Pending>();
  readonly #stop = new AbortController();
  #session: OpenChannel<ConfirmChannel> | undefined;
  #full = false;
  #pumping = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: LaneOptions) {
    this.#options = options;
    void this.#run();
  }

  get idle(): boolean {
    return this.#waiting.length === 0 && this.#sent.size === 0;
  }

  add(pending: Pending): void {
    this.#waiting.push(pending);
  }

  /** Sends what waits, as far as the window, the buffer and the broker allow. */
  readonly pump = (): void => {
    this.#pumping = false;
    const session = this.#session;
    if (session?.open && !this.#blocked()) this.#send(session.channel);
    this.#watch();
  };

  /** What is here is `unconfirmed` now. */
  close(error: Error): void {
    this.#stop.abort();
    clearTimeout(this.#timer);
    this.#fail(() => ({ status: 'unconfirmed', error }));
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
      next.settle({ status: 'unconfirmed', error });
    }
    const session = this.#session;
    this.#session = undefined;
    if (session) void this.#options.supervisor.connection?.closeChannel(session);
  }

  #send(channel: ConfirmChannel): void {
    const { window, userId } = this.#options;
    const now = performance.now();
    while (this.#sent.size < window && !this.#full) {
      const pending = this.#waiting.shift();
      if (!pending) return;
      const { message } = pending;
      pending.sentAt = now;
      try {
        const body = Buffer.isBuffer(message.body)
          ? message.body
          : Buffer.from(message.body.buffer, message.body.byteOffset, message.body.byteLength);
        this.#full = !channel.publish(
          message.exchange,
          message.routingKey,
          body,
          toProperties(message, userId),
          (error: Error | null) => this.#answered(pending, error),
        );
        this.#sent.add(pending);
      } catch (error) {
        if (error instanceof IllegalOperationError) {
          // The channel is closing and its end will be told; the message was not sent.
          this.#waiting.unshift([pending]);
          this.#session = undefined;
          return;
        }
        // amqplib refuses to encode it (a header table or a property that is too long): it will never be sent.
        const refusal = new TransportError('message_invalid', asError(error).message);
        pending.settle({ status: 'rejected', error: refusal });
      }
    }
  }

  #answered(pending: Pending, error: Error | null): void {
    if (error && error.message !== 'message nacked') return; // The channel's end settles it.
    this.#sent.delete(pending);
    if (error) {
      const text = 'The broker refuses the message (a queue is full or failed).';
      pending.settle({ status: 'rejected', error: new TransportError('publish_rejected', text) });
    } else if (pending.returned) {
      pending.settle({ status: 'unroutable', error: pending.returned });
    } else {
      pending.settle(confirmed);
      this.#options.onConfirmed?.();
    }
    this.#pumpSoon();
  }

  /** A mandatory message that no queue takes. It comes before its confirm, and in the order of sending. */
  #returned(message: Message): void {
    const { exchange, routingKey } = message.fields;
    for (const pending of this.#sent) {
      const sent = pending.message;
      if (
        pending.returned === undefined &&
        sent.mandatory === true &&
        sent.messageId === message.properties.messageId &&
        sent.exchange === exchange &&
        sent.routingKey === routingKey
      ) {
        const text = `No queue takes messages to ${exchange} with routing key ${routingKey}.`;
        pending.returned = new TransportError('unroutable', text);
        return;
      }
    }
  }

  /** Many confirms come at once: one pump for all of them. */
  #pumpSoon(): void {
    if (this.#pumping || this.#waiting.length === 0) return;
    this.#pumping = true;
    queueMicrotask(this.pump);
  }

  #blocked(): boolean {
    return this.#options.supervisor.connection?.blocked ?? true;
  }

  /** One timer for all messages: it looks when the oldest could be due. */
  #watch(): void {
    if (this.#timer || this.idle || this.#stop.signal.aborted) return;
    const oldest = this.#oldestSent()?.sentAt ?? this.#waiting.peek()?.queuedAt ?? 0;
    const dueMs = oldest + this.#options.confirmTimeoutMs - performance.now();
    // A quarter of the time at least: while messages wait behind a moving window, the oldest is long due.
    const waitMs = Math.max(Math.ceil(dueMs) + 1, this.#options.confirmTimeoutMs / 4);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#expire();
      this.#watch();
    }, waitMs);
  }

  #oldestSent(): Pending | undefined {
    for (const pending of this.#sent) return pending;
    return undefined;
  }

  #expire(): void {
    const { confirmTimeoutMs } = this.#options;
    const dueBefore = performance.now() - confirmTimeoutMs;
    const error = new TransportError(
      'publish_unconfirmed',
      `The broker did not confirm the message within ${confirmTimeoutMs} ms.`,
    );
    const oldest = this.#oldestSent();
    const silent = oldest !== undefined && oldest.sentAt <= dueBefore;
    if (silent) {
      this.#fail(() => ({ status: 'unconfirmed', error }));
      this.#replace();
    }
    if (!silent && this.#session?.open && !this.#blocked()) return;
    for (let next = this.#waiting.peek(); next; next = this.#waiting.peek()) {
      if (next.queuedAt > dueBefore) return;
      this.#waiting.shift();
      next.settle({ status: 'unconfirmed', error });
    }
  }

  /** Gives the channel up. While the broker blocks, silence says nothing about it, so it stays. */
  #replace(): void {
    const connection = this.#options.supervisor.connection;
    const session = this.#session;
    if (this.#blocked() || !session) return;
    this.#session = undefined;
    void connection?.closeChannel(session);
  }

  #fail(outcome: (pending: Pending) => PublishOutcome): void {
    const all = [...this.#sent];
    this.#sent.clear();
    for (const pending of all) pending.settle(outcome(pending));
  }

  async #run(): Promise<void> {
    const { redial, onError } = this.#options;
    for (let failures = 1; !this.#stop.signal.aborted; failures += 1) {
      const since = performance.now();
      try {
        const reason = await this.#publishUntilLost();
        if (this.#stop.signal.aborted) return;
        const outcome = this.#options.onLost(reason);
        this.#fail((pending) => outcome(pending.message));
        await this.#options.repair(reason);
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        onError(asError(error));
      }
      if (performance.now() - since > STEADY_MS) failures = 1;
      const waitMs = backoffMs(redial, failures, Math.random());
      await sleep(waitMs, undefined, { signal: this.#stop.signal }).catch(() => {});
    }
  }

  /** Opens a channel, sends on it until it is closed, and says why it was. */
  async #publishUntilLost(): Promise<Error> {
    const connection = await this.#options.supervisor.connected();
    const session = await connection.openConfirmChannel();
    session.channel.on('return', (message) => this.#returned(message));
    session.channel.on('drain', () => {
      this.#full = false;
      this.#pumpSoon();
    });
    if (this.#stop.signal.aborted) {
      await connection.closeChannel(session);
      return new Error('closed');
    }
    this.#full = false;
    this.#session = session;
    this.pump();
    const reason = await session.ended;
    if (this.#session === session) this.#session = undefined;
    return reason;
  }
}
