import { header } from '../envelope/headers.ts';
import { exchange } from '../transport/topology.ts';
import type { Delivery } from '../transport/transport.ts';
import {
  audienceOf,
  type Claims,
  digestOf,
  headersDigest,
  LEEWAY_SECONDS,
  LONGEST_SECONDS,
  readClaims,
} from './claims.ts';
import type { KeyInUse, Keyring } from './keyring.ts';
import { routeOf } from './route.ts';
import { type Identity, identityOf, spokeOf } from './spoke.ts';
import { tokenRefusal } from './token-refusal.ts';
import { tokenParts, whyHeaderIsRefused } from './token-shape.ts';

/**
 * The one place where messages are checked, before anything of them is parsed: who wrote this delivery. Throws UnprocessableError
 * with a code of `tokenRefusals`. A message that was delivered before is no fault: its id tells the duplicate.
 */
export function open(delivery: Delivery, reader: Identity, keys: Keyring, nowMs: number): Identity {
  const token = delivery.headers[header.token];
  const { header: first } = tokenParts(token);
  const key = keys.opening(first);
  if (key === undefined) throw tokenRefusal(whyHeaderIsRefused(first, (kid) => keys.algOf(kid)));
  const claims = verified(key, token as string);
  const writer = writerOf(delivery, key, claims, reader);
  checkBinding(delivery, claims);
  if (delivery.exchange !== exchange.dead) checkTimes(delivery, claims, Math.floor(nowMs / 1_000));
  return writer;
}

function verified(key: KeyInUse, token: string): Claims {
  let payload: unknown;
  try {
    payload = key.verify(token);
  } catch {
    throw tokenRefusal('signature_invalid');
  }
  const claims = readClaims(payload);
  if (claims === undefined) throw tokenRefusal('claims_invalid');
  return claims;
}

/**
 * The writer, if a message on this route may be of it. Both sides know an HS256 key: without a look at `iss`, what the coordinators
 * sent a worker could be sent back to them as the worker's own.
 */
function writerOf(delivery: Delivery, key: KeyInUse, { iss }: Claims, reader: Identity): Identity {
  const route = routeOf(delivery.exchange, delivery.routingKey);
  const spoke = identityOf(key.spoke);
  const writer = identityOf(iss);
  const isOwn = iss === key.spoke;
  const isFromHub = iss === spokeOf({ party: 'coordinator', name: 'coordinator' });
  const mayWrite = route?.writers.includes(writer.party) && (isOwn || isFromHub);
  if (!mayWrite) throw tokenRefusal('not_your_route');
  // Dead letters may be of anybody: their letter says whose.
  if (delivery.exchange === exchange.dead) return writer;
  const expected = route?.spoke ?? (spoke.party === 'client' ? key.spoke : null);
  if (expected !== key.spoke) throw tokenRefusal('not_your_route');
  if (reader.party !== 'coordinator' && key.spoke !== spokeOf(reader)) {
    throw tokenRefusal('not_your_route');
  }
  return writer;
}

/** The broker moves what it gives up to the dead letters: its route is no longer that of its token, its bytes are. */
function checkBinding(delivery: Delivery, claims: Claims): void {
  const { messageId, type, correlationId, headers, body } = delivery;
  const moved = delivery.exchange === exchange.dead;
  const bound =
    claims.jti === messageId &&
    claims.typ === type &&
    claims.cid === correlationId &&
    (moved || (claims.aud === audienceOf(delivery) && claims.hdr === headersDigest(headers)));
  if (!bound) throw tokenRefusal('binding_mismatch');
  if (claims.sha !== digestOf(body)) throw tokenRefusal('body_mismatch');
}

/**
 * A job or a request that says by when it is of no use any more is let through: its reader answers that it came too late, where
 * a refusal would leave its sender waiting.
 */
function checkTimes(delivery: Delivery, { iat, exp }: Claims, now: number): void {
  if (exp - iat > LONGEST_SECONDS) throw tokenRefusal('token_too_long');
  if (iat > now + LEEWAY_SECONDS) throw tokenRefusal('token_not_yet');
  const { exchange: name, headers } = delivery;
  const isAnswered = name === exchange.jobs || name === exchange.work;
  if (isAnswered && headers[header.deadline] !== undefined) return;
  if (exp <= now) throw tokenRefusal('deadline_exceeded');
}
