import { header } from '../envelope/headers.ts';
import { newId } from '../envelope/ids.ts';
import type { FleetError } from '../errors/errors.ts';
import { exchange } from '../transport/topology.ts';
import type { Delivery, OutgoingMessage } from '../transport/transport.ts';

/** Longest sentence that a header carries. */
const MAX_REASON_MESSAGE = 1_024;

/**
 * What cannot be answered, for `dead.unprocessable`: the bytes as they came and why they were refused. The sender's headers
 * are left behind: they may be what was wrong, and a token must not travel on.
 */
export function parked(delivery: Delivery, reason: FleetError): OutgoingMessage {
  return {
    exchange: exchange.dead,
    routingKey: 'unprocessable',
    body: delivery.body,
    messageId: delivery.messageId ?? newId(),
    type: 'request',
    ...(delivery.correlationId === undefined ? {} : { correlationId: delivery.correlationId }),
    headers: {
      [header.reason]: reason.code,
      [header.reasonMessage]: reason.message.slice(0, MAX_REASON_MESSAGE),
    },
    mandatory: true,
  };
}
