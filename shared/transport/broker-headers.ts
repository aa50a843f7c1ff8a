import type { MessageHeaders } from './transport.ts';

/** What a broker says of a message that it dead-lettered: why, and from which queue. */
export const deathHeader = {
  exchange: 'x-first-death-exchange',
  queue: 'x-first-death-queue',
  reason: 'x-first-death-reason',
} as const;

/** Headers that the broker writes: why a message was dead-lettered, and how often it was delivered. */
const written = /^x-(?:(?:first-|last-)?death|delivery-count|acquired-count)/;

/**
 * The headers as they may be published. What a broker wrote is left out: RabbitMQ 3 takes a republished `x-death` for a
 * dead-letter cycle and drops the message without a word.
 */
export function withoutBrokerHeaders(headers: MessageHeaders): MessageHeaders {
  for (const name in headers) {
    if (name.startsWith('x-') && written.test(name)) {
      return Object.fromEntries(Object.entries(headers).filter(([key]) => !written.test(key)));
    }
  }
  return headers;
}
