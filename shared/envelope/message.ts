import type { MessageHeaders, OutgoingMessage } from '../transport/transport.ts';
import { encode } from './codec.ts';
import type { EnvelopeOf, MessageType, Result } from './envelope.ts';
import { messageIdOf } from './ids.ts';

/** A message to publish. What is left out has the default of OutgoingMessage. */
export interface MessageSpec<T extends MessageType> {
  readonly type: T;
  readonly envelope: EnvelopeOf<T>;
  readonly exchange: string;
  readonly routingKey: string;
  readonly correlationId?: string;
  readonly headers?: MessageHeaders;
  readonly mandatory?: boolean;
  readonly persistent?: boolean;
  readonly expirationMs?: number;
}

/**
 * The outgoing message of an envelope. Every publisher makes its messages here. The message id is the envelope's id, but for
 * a result: its `id` is the job's own, so its message id is derived from the run.
 */
export function message<T extends MessageType>(spec: MessageSpec<T>): OutgoingMessage {
  const { type, envelope, ...routing } = spec;
  return { ...routing, type, messageId: messageId(envelope), body: encode(type, envelope) };
}

function messageId(envelope: EnvelopeOf<MessageType>): string {
  return isResult(envelope) ? messageIdOf(envelope.run.id, '', 0, 'result') : envelope.id;
}

function isResult(envelope: EnvelopeOf<MessageType>): envelope is Result {
  return 'run' in envelope;
}
