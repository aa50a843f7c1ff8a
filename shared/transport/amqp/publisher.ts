import { setTimeout as sleep } from 'node:timers/promises';
import type { BackoffPolicy } from '../../backoff/backoff.ts';
import { TransportError } from '../../errors/errors.ts';
import type { OutgoingMessage, PublishOutcome } from '../transport.ts';
import { ConfirmLane } from './confirm-lane.ts';
import { type Culprit, culpritOf } from './faults.ts';
import { Pending, PublishCall } from './pending.ts';
import { type ConnectionSupervisor, closedError } from './supervisor.ts';

export interface PublisherOptions {
  readonly supervisor: ConnectionSupervisor;
  readonly userId: string;
  readonly window: number;
  readonly confirmTimeoutMs: number;
  readonly redial: BackoffPolicy;
  /** A publish found no exchange of that name: makes the topology again, where that is our part. */
  readonly restore: () => Promise<void>;
  readonly onError: (error: Error) => void;
}

/**
 * Publishes with confirms. The broker closes a channel, and all that is on it, for one message to an exchange that is
 * missing or forbidden. So what such a target gets from then on goes through a channel of its own, where it harms nobody
 * else, until the broker confirms a message there.
 */
export class Publisher {
  readonly #options: PublisherOptions;
  readonly #main: ConfirmLane;
  readonly #suspects = new Map<string, ConfirmLane>();
  /** Largest body the broker takes, once it has said so. */
  #maxBytes = Number.POSITIVE_INFINITY;
  #closed = false;

  constructor(options: PublisherOptions) {
    this.#options = options;
    this.#main = this.#lane();
  }

  /** Resolves when each message has its outcome, in the order of the messages. Never rejects. */
  publish(messages: readonly OutgoingMessage[]): Promise<PublishOutcome[]> {
    if (messages.length === 0) return Promise.resolve([]);
    const call = new PublishCall(messages.length);
    const now = performance.now();
    for (const [index, message] of messages.entries()) {
      const pending = new Pending(message, call, index, now);
      if (this.#closed) pending.settle({ status: 'unconfirmed', error: closedError() });
      else if (message.body.length > this.#maxBytes) pending.settle(this.#tooLarge());
      else this.#laneOf(message).add(pending);
    }
    this.pump();
    return call.finished;
  }

  /** The broker may take messages again. */
  pump(): void {
    this.#main.pump();
    for (const lane of this.#suspects.values()) lane.pump();
  }

  /** Waits for what is on its way, at most `timeoutMs`; the rest is `unconfirmed`. */
  async close(timeoutMs: number): Promise<void> {
    this.#closed = true;
    const lanes = [this.#main, ...this.#suspects.values()];
    const until = performance.now() + timeoutMs;
    while (lanes.some((lane) => !lane.idle) && performance.now() < until) await sleep(5);
    for (const lane of lanes) lane.close(closedError());
  }

  #laneOf(message: OutgoingMessage): ConfirmLane {
    if (this.#suspects.size === 0) return this.#main;
    return (
      this.#suspects.get(suspectKey(message.exchange)) ??
      this.#suspects.get(suspectKey(message.exchange, message.routingKey)) ??
      this.#main
    );
  }

  #lane(onConfirmed?: () => void): ConfirmLane {
    const { supervisor, userId, window, confirmTimeoutMs, redial, onError } = this.#options;
    return new ConfirmLane({
      supervisor,
      userId,
      window,
      confirmTimeoutMs,
      redial,
      onError,
      onLost: (reason) => this.#outcomes(reason),
      repair: async (reason) => {
        if (culpritOf(reason)?.kind === 'exchange') await this.#options.restore();
      },
      ...(onConfirmed === undefined ? {} : { onConfirmed }),
    });
  }

  /** The outcomes of what was on a channel that was closed: the culprit's messages are refused, nobody knows about the rest. */
  #outcomes(reason: Error): (message: OutgoingMessage) => PublishOutcome {
    const lost: PublishOutcome = {
      status: 'unconfirmed',
      error: new TransportError(
        'publish_unconfirmed',
        `The channel was lost before the broker confirmed the message: ${reason.message}`,
        { cause: reason },
      ),
    };
    const culprit = culpritOf(reason);
    if (culprit === undefined || this.#closed) return () => lost;
    this.#options.onError(lost.error);
    if (culprit.kind === 'size') {
      this.#maxBytes = culprit.maxBytes;
      return (message) => (message.body.length > culprit.maxBytes ? this.#tooLarge() : lost);
    }
    this.#suspect(culprit);
    const refused: PublishOutcome = {
      status: 'rejected',
      error: new TransportError('exchange_missing', reason.message, { cause: reason }),
    };
    return (message) =>
      message.exchange === culprit.exchange &&
      (culprit.kind === 'exchange' || message.routingKey === culprit.routingKey)
        ? refused
        : lost;
  }

  #suspect(culprit: Exclude<Culprit, { kind: 'size' }>): void {
    const key =
      culprit.kind === 'topic'
        ? suspectKey(culprit.exchange, culprit.routingKey)
        : suspectKey(culprit.exchange);
    if (this.#suspects.has(key)) return;
    const lane = this.#lane(() => {
      // The main channel serves this target again; what is still on this one ends here.
      this.#suspects.delete(key);
      this.#closeWhenIdle(lane);
    });
    this.#suspects.set(key, lane);
  }

  #closeWhenIdle(lane: ConfirmLane): void {
    if (lane.idle || this.#closed) lane.close(closedError());
    else setTimeout(() => this.#closeWhenIdle(lane), 50).unref();
  }

  #tooLarge(): PublishOutcome {
    const text = `The message is larger than the ${this.#maxBytes} bytes that the broker takes.`;
    return { status: 'rejected', error: new TransportError('message_too_large', text) };
  }
}

/** A space cannot stand in for a routing key: with none, the whole exchange is meant. */
function suspectKey(exchange: string, routingKey?: string): string {
  return JSON.stringify(routingKey === undefined ? [exchange] : [exchange, routingKey]);
}
