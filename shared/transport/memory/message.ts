import { deathHeader, withoutBrokerHeaders } from '../broker-headers.ts';
import type { Delivery, MessageHeaders, OutgoingMessage } from '../transport.ts';

/** A message in one queue of the memory broker. */
export interface QueuedMessage {
  readonly exchange: string;
  readonly routingKey: string;
  readonly body: Uint8Array;
  readonly messageId: string;
  readonly type: string;
  readonly correlationId: string | undefined;
  readonly headers: MessageHeaders;
  readonly userId: string | undefined;
  /** Milliseconds of the Unix epoch; Infinity: never. */
  readonly expiresAt: number;
  /** Times it was given back. */
  deliveryCount: number;
}

const noHeaders: MessageHeaders = Object.freeze({});

/** The message as one queue keeps it. `expiresAt` is the queue's own limit; the message's may be earlier. */
export function queued(
  message: OutgoingMessage,
  userId: string | undefined,
  expiresAt: number,
): QueuedMessage {
  const { expirationMs } = message;
  return {
    exchange: message.exchange,
    routingKey: message.routingKey,
    body: message.body,
    messageId: message.messageId,
    type: message.type,
    correlationId: message.correlationId,
    headers: message.headers === undefined ? noHeaders : withoutBrokerHeaders(message.headers),
    userId,
    expiresAt:
      expirationMs === undefined ? expiresAt : Math.min(expiresAt, Date.now() + expirationMs),
    deliveryCount: 0,
  };
}

export type DeathReason = 'rejected' | 'expired' | 'delivery_limit';

/** The message as its dead-letter route takes it: the first death is told in headers, as RabbitMQ does. */
export function deadLettered(
  message: QueuedMessage,
  queue: string,
  reason: DeathReason,
): {
  readonly headers: MessageHeaders;
  readonly expiresAt: number;
  readonly deliveryCount: number;
} {
  return {
    headers: {
      [deathHeader.exchange]: message.exchange,
      [deathHeader.queue]: queue,
      [deathHeader.reason]: reason,
      ...message.headers,
    },
    expiresAt: Number.POSITIVE_INFINITY,
    deliveryCount: 0,
  };
}

/** A delivery of the memory broker; `message` is what goes back when it is not settled. */
export class MemoryDelivery implements Delivery {
  readonly exchange: string;
  readonly routingKey: string;
  readonly body: Uint8Array;
  readonly messageId: string;
  readonly type: string;
  readonly correlationId: string | undefined;
  readonly headers: MessageHeaders;
  readonly contentType = 'application/json';
  readonly contentEncoding = undefined;
  readonly userId: string | undefined;
  readonly redelivered: boolean;
  readonly deliveryCount: number;
  readonly message: QueuedMessage;

  constructor(message: QueuedMessage) {
    this.exchange = message.exchange;
    this.routingKey = message.routingKey;
    this.body = message.body;
    this.messageId = message.messageId;
    this.type = message.type;
    this.correlationId = message.correlationId;
    this.headers = message.headers;
    this.userId = message.userId;
    this.redelivered = message.deliveryCount > 0;
    this.deliveryCount = message.deliveryCount;
    this.message = message;
  }
}
