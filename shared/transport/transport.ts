/**
 * The port between Flotilla and a message broker. Batch first: publish a list, consume what is already there.
 * Two implementations (`memory/`, `amqp/`) hold one conformance suite.
 */

import type { UnprocessableError } from '../errors/errors.ts';

export type HeaderValue = string | number | boolean;
export type MessageHeaders = Readonly<Record<string, HeaderValue>>;

export interface OutgoingMessage {
  readonly exchange: string;
  readonly routingKey: string;
  readonly body: Uint8Array;
  readonly messageId: string;
  /** Message type of the envelope: `job`, `request`, … */
  readonly type: string;
  readonly correlationId?: string;
  readonly headers?: MessageHeaders;
  /** A command: a message that no queue takes is reported as `unroutable` instead of vanishing. */
  readonly mandatory?: boolean;
  /** Survives a restart of the broker. Default true. */
  readonly persistent?: boolean;
  /** Dropped by the broker when older, in milliseconds. */
  readonly expirationMs?: number;
}

/** What became of one message of a publish call. */
export type PublishOutcome =
  | { readonly status: 'confirmed' }
  | { readonly status: 'unroutable' | 'rejected' | 'unconfirmed'; readonly error: Error };

/** One message as a consumer receives it. Settle it through the subscription that delivered it. */
export interface Delivery {
  readonly exchange: string;
  readonly routingKey: string;
  readonly body: Uint8Array;
  readonly messageId: string | undefined;
  readonly type: string | undefined;
  readonly correlationId: string | undefined;
  readonly headers: MessageHeaders;
  readonly contentType: string | undefined;
  readonly contentEncoding: string | undefined;
  /** The sender as the broker verified it, where it did. */
  readonly userId: string | undefined;
  readonly redelivered: boolean;
  /** Times this message was delivered and given back before, as far as the broker says. A hint only. */
  readonly deliveryCount: number;
  /** What is proven of its writer; left out where nobody looked. Set by whoever checks tokens. */
  verdict?: Verdict;
}

/** The name of whoever signed a message and whose key it was, `worker.<model>` or `client.<name>`; or why it is not believed. */
export type Verdict =
  | { readonly writer: string; readonly spoke: string }
  | { readonly refused: UnprocessableError };

export type Settlement =
  /** Done: the broker may forget it. */
  | 'ack'
  /** Give back to the queue for somebody else (a stopping worker). Counts towards the queue's delivery limit. */
  | 'requeue'
  /** Refuse: the queue's dead-letter route takes it. */
  | 'reject';

export interface ConsumeOptions {
  /** Most unsettled messages at a time. */
  readonly prefetch: number;
  /**
   * Called with whatever is there, at least one message, never waiting to fill a batch. With `serial` the next batch comes
   * only when the returned promise has settled. A rejected promise is reported by `onError` of the transport and settles nothing.
   */
  readonly onBatch: (deliveries: readonly Delivery[]) => Promise<void> | void;
  readonly serial?: boolean;
  /**
   * The deliveries given so far can no longer be settled (channel or connection lost, consumer cancelled): the broker will
   * deliver them again. Consumption resumes by itself. Told once for each loss.
   */
  readonly onLost?: () => void;
}

export interface Subscription {
  /** Settles deliveries of this subscription. A delivery that was lost meanwhile is skipped: the broker redelivers it. */
  settle(deliveries: readonly Delivery[], as: Settlement): void;
  /** False while the broker cannot deliver here. */
  readonly listening: boolean;
  /** Stops new deliveries; what was delivered may still be settled. Idempotent. */
  pause(): Promise<void>;
  /** Takes deliveries again after `pause`. */
  resume(): Promise<void>;
  /** Pauses and gives unsettled messages back. Idempotent. */
  close(): Promise<void>;
}

/** A queue that lives and dies with this process: control messages, a client's results. */
export interface ExclusiveQueue {
  readonly name: string;
  readonly bindings: readonly { readonly exchange: string; readonly routingKey: string }[];
  /** Bounds what waits in it; the oldest is dropped. */
  readonly maxLength?: number;
}

export type TransportState = 'connecting' | 'connected' | 'blocked' | 'closed';

export interface TransportEvents {
  /** Told at each change: `blocked` means the broker takes no publishes for now. */
  readonly onState?: (state: TransportState) => void;
  /** A fault that the transport survives, or a rejected `onBatch`. */
  readonly onError?: (error: Error) => void;
}

export interface Transport {
  /** True when a confirmed message survives this process and the broker's restart. */
  readonly durable: boolean;
  readonly state: TransportState;
  /** The sender name the broker attests, put on each message where there is one. */
  readonly userId: string | undefined;
  /**
   * Publishes and waits until each message is safe or known not to be; outcomes are in the order of the messages. Never
   * rejects for a message's sake. While disconnected or blocked it waits, at most `confirmTimeoutMs`, then `unconfirmed`.
   */
  publish(messages: readonly OutgoingMessage[]): Promise<PublishOutcome[]>;
  /** Consumes a queue of the topology (a name from `topology.ts`), and again after every loss until closed. */
  consume(queue: string, options: ConsumeOptions): Promise<Subscription>;
  /** Declares an exclusive queue, binds and consumes it; declared anew after every reconnect. */
  consumeExclusive(queue: ExclusiveQueue, options: ConsumeOptions): Promise<Subscription>;
  /** Declares (or, where only verified, checks) the work queue of a model. Idempotent; repeated after reconnect. */
  declareWorkQueue(model: string, version: number): Promise<void>;
  /** Messages ready in a queue (not yet delivered), 0 where unknown queues are concerned. */
  readyCount(queue: string): Promise<number>;
  /** Waits for outstanding confirms (bounded), closes subscriptions and connections. Idempotent. */
  close(): Promise<void>;
}
