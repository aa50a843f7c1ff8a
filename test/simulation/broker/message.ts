import { withoutBrokerHeaders } from '../../../shared/transport/broker-headers.ts';
import type {
  Delivery,
  MessageHeaders,
  OutgoingMessage,
} from '../../../shared/transport/transport.ts';

/** One copy of a message, in one queue. */
export interface QueuedMessage {
  readonly number: number;
  readonly exchange: string;
  readonly routingKey: string;
  readonly message: OutgoingMessage;
  readonly headers: MessageHeaders;
  readonly userId: string | undefined;
  readonly expiresAtMs: number;
  deliveryCount: number;
}

/** What a process gets. */
export class SimulatedDelivery implements Delivery {
  readonly contentType = 'application/json';
  readonly contentEncoding = undefined;
  readonly exchange: string;
  readonly routingKey: string;
  readonly body: Uint8Array;
  readonly messageId: string;
  readonly type: string;
  readonly correlationId: string | undefined;
  readonly headers: MessageHeaders;
  readonly userId: string | undefined;
  readonly redelivered: boolean;
  readonly deliveryCount: number;
  readonly queued: QueuedMessage;

  constructor(queued: QueuedMessage) {
    const { exchange, routingKey, message, headers, userId, deliveryCount } = queued;
    this.exchange = exchange;
    this.routingKey = routingKey;
    this.body = message.body;
    this.messageId = message.messageId;
    this.type = message.type;
    this.correlationId = message.correlationId;
    this.headers = headers;
    this.userId = userId;
    this.redelivered = deliveryCount > 0;
    this.deliveryCount = deliveryCount;
    this.queued = queued;
  }
}

export function headersOf(message: OutgoingMessage): MessageHeaders {
  return withoutBrokerHeaders(message.headers ?? {});
}

/** A message as a line of the trace names it. */
export function nameOf({ type, messageId }: Pick<OutgoingMessage, 'type' | 'messageId'>): string {
  return `${type} ${messageId}`;
}
