import { header } from '../envelope/headers.ts';
import type { OutgoingMessage } from '../transport/transport.ts';
import { claimsOf } from './claims.ts';
import type { Keyring } from './keyring.ts';
import { routeOf } from './route.ts';
import { coordinatorSpoke, type Identity, type Spoke, spokeOf } from './spoke.ts';

/**
 * The one place where messages are signed: the message with a token over its exact bytes, id, type, route and headers. A message
 * for which there is no key leaves as it is: its reader has none to check it with, or refuses it.
 */
export function seal(
  message: OutgoingMessage,
  writer: Identity,
  keys: Keyring,
  nowMs: number,
): OutgoingMessage {
  const key = keys.sealing(sealingSpoke(message, writer), nowMs);
  if (key === undefined) return message;
  const token = key.sign(claimsOf(message, spokeOf(writer), nowMs));
  return { ...message, headers: { ...message.headers, [header.token]: token } };
}

/** Whose key: a worker's and a client's own; of a coordinator that of whom the message is for. */
function sealingSpoke(
  { exchange, routingKey }: Pick<OutgoingMessage, 'exchange' | 'routingKey'>,
  writer: Identity,
): Spoke {
  if (writer.party !== 'coordinator') return spokeOf(writer);
  return routeOf(exchange, routingKey)?.spoke ?? coordinatorSpoke;
}
