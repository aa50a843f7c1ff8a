import type { Delivery } from '../transport/transport.ts';
import { decode, type Trust } from './codec.ts';
import type { EnvelopeOf, MessageType } from './envelope.ts';
import { checkHeaders, checkSchemaVersion } from './properties.ts';

export interface OpenOptions {
  /** Default: by message type, see `trustOf`. */
  readonly trust?: Trust;
  /** Milliseconds since 1970; for checks of timestamps. Default: the clock. */
  readonly nowMs?: number;
  /** Told when text holds characters that a person cannot see; such text is let through. */
  readonly onInvisibleText?: () => void;
}

/**
 * Who may have written the content of a message: a client, a model (what it answers is as untrusted as what a client sends),
 * or the coordinators, which pass on only what went through the gate before.
 */
const trustOf: Readonly<Record<MessageType, Trust>> = {
  job: 'untrusted',
  operation: 'untrusted',
  reply: 'untrusted',
  progress: 'untrusted',
  control: 'untrusted',
  request: 'internal',
  result: 'internal',
  answer: 'internal',
};

/**
 * Opens a delivery: headers, schema version, content type and encoding first, the body last. Every consumer opens its
 * deliveries here. Throws UnprocessableError, and nothing else, for what must be parked in `dead.unprocessable`. What the
 * sender says in `type`, `correlation_id` or the broker's own counters is not believed and not looked at.
 */
export function openDelivery<T extends MessageType>(
  type: T,
  delivery: Delivery,
  options: OpenOptions = {},
): EnvelopeOf<T> {
  const { verdict } = delivery;
  if (verdict !== undefined && 'refused' in verdict) throw verdict.refused;
  checkHeaders(delivery.headers);
  checkSchemaVersion(delivery.headers);
  return decode(type, delivery.body, {
    ...options,
    trust: options.trust ?? trustOf[type],
    contentType: delivery.contentType,
    contentEncoding: delivery.contentEncoding,
  });
}
