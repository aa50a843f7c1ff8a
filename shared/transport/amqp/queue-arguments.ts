import { exchange, type QueueSpec } from '../topology.ts';

export type QueueArguments = Readonly<Record<string, string | number>>;

/**
 * The arguments a queue of the table is declared with, the same whoever declares it: a different argument is a 406.
 * At-least-once dead-lettering needs `reject-publish`; without it the broker silently does at most once.
 */
export function queueArguments(spec: QueueSpec): QueueArguments {
  return {
    'x-queue-type': spec.type,
    ...(spec.deadLetterKey === undefined
      ? {}
      : {
          'x-dead-letter-exchange': exchange.dead,
          'x-dead-letter-routing-key': spec.deadLetterKey,
          'x-dead-letter-strategy': 'at-least-once',
          'x-overflow': 'reject-publish',
        }),
    ...(spec.deliveryLimit === undefined ? {} : { 'x-delivery-limit': spec.deliveryLimit }),
    ...(spec.messageTtlMs === undefined ? {} : { 'x-message-ttl': spec.messageTtlMs }),
    ...(spec.dropHeadLength === undefined
      ? {}
      : { 'x-max-length': spec.dropHeadLength, 'x-overflow': 'drop-head' }),
  };
}
