import type { ConsumeMessage, Options } from 'amqplib';
import { withoutBrokerHeaders } from '../broker-headers.ts';
import type { Delivery, HeaderValue, MessageHeaders, OutgoingMessage } from '../transport.ts';

/** A message of ours as AMQP properties. `userId` must be the connection's user: the broker closes the channel otherwise. */
export function toProperties(message: OutgoingMessage, userId: string): Options.Publish {
  return {
    contentType: 'application/json',
    headers: message.headers === undefined ? undefined : withoutBrokerHeaders(message.headers),
    persistent: message.persistent !== false,
    mandatory: message.mandatory === true,
    messageId: message.messageId,
    type: message.type,
    // amqplib leaves out what is undefined; its types do not say so.
    ...(message.correlationId === undefined ? {} : { correlationId: message.correlationId }),
    ...(message.expirationMs === undefined ? {} : { expiration: message.expirationMs }),
    timestamp: Math.floor(Date.now() / 1000),
    userId,
  };
}

/** AMQP properties as a delivery of ours. `origin` is the channel it came on; it is what can settle it. */
export class AmqpDelivery<Origin = unknown> implements Delivery {
  readonly exchange: string;
  readonly routingKey: string;
  readonly body: Uint8Array;
  readonly messageId: string | undefined;
  readonly type: string | undefined;
  readonly correlationId: string | undefined;
  readonly headers: MessageHeaders;
  readonly contentType: string | undefined;
  readonly contentEncoding: string | undefined;
  readonly userId: string | undefined;
  readonly redelivered: boolean;
  readonly deliveryCount: number;
  readonly message: ConsumeMessage;
  readonly tag: number;
  /** Undefined as soon as it is settled. */
  origin: Origin | undefined;

  constructor(message: ConsumeMessage, origin: Origin) {
    const { fields, properties } = message;
    const headers: Record<string, unknown> = properties.headers ?? {};
    this.exchange = fields.exchange;
    this.routingKey = fields.routingKey;
    this.body = message.content;
    this.messageId = properties.messageId;
    this.type = properties.type;
    this.correlationId = properties.correlationId;
    this.headers = scalars(headers);
    this.contentType = properties.contentType;
    this.contentEncoding = properties.contentEncoding;
    this.userId = properties.userId;
    this.redelivered = fields.redelivered;
    const count = headers['x-delivery-count'];
    this.deliveryCount = typeof count === 'number' ? count : fields.redelivered ? 1 : 0;
    this.message = message;
    this.tag = fields.deliveryTag;
    this.origin = origin;
  }
}

/** The headers that are text, numbers or booleans. Tables, lists and bytes are nobody's that we know of. */
function scalars(headers: Readonly<Record<string, unknown>>): MessageHeaders {
  const kept: Record<string, HeaderValue> = {};
  for (const name in headers) {
    const value = headers[name];
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
      kept[name] = value;
    }
  }
  return kept;
}
