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
import { type Route, routeOf } from './route.ts';
import { coordinatorSpoke, type Identity, identityOf, type Spoke, spokeOf } from './spoke.ts';
import { tokenRefusal } from './token-refusal.ts';
import { tokenParts, whyHeaderIsRefused } from './token-shape.ts';

/** Who wrote a message, and whose key says so: with a shared secret, either side can sign as the other. */
export interface Opened {
  readonly writer: Identity;
  readonly spoke: Spoke;
}

/**
 * The one place where messages are checked, before anything of them is parsed: who wrote this delivery. Throws UnprocessableError
 * with a code of `tokenRefusals`. A message that was delivered before is no fault: its id tells the duplicate.
 */
export function open(delivery: Delivery, reader: Identity, keys: Keyring, nowMs: number): Opened {
  const token = delivery.headers[header.token];
  const { header: first } = tokenParts(token);
  const key = keys.opening(first);
  if (key === undefined) throw tokenRefusal(whyHeaderIsRefused(first, (kid) => keys.algOf(kid)));
  const claims = verified(key, token as string);
  const writer = writerOf(delivery, key, claims, reader);
  checkBinding(delivery, claims);
  if (delivery.exchange !== exchange.dead) checkTimes(delivery, claims, Math.floor(nowMs / 1_000));
  return { writer, spoke: key.spoke };
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
function writerOf(delivery: Delivery, key: KeyInUse, { iss, aud }: Claims, reader: Identity) {
  const { exchange: name, routingKey } = delivery;
  const writer = identityOf(iss);
  const isOwn = iss === key.spoke;
  const mayWrite = (route: Route | undefined) =>
    route?.writers.includes(writer.party) &&
    (isOwn || iss === coordinatorSpoke) &&
    (route.spoke ?? iss) === key.spoke;
  // What the broker gave up went another way before: that one is its token's, and the broker's alone is the rest of it.
  const routes = name === exchange.dead ? routesOfDead(delivery, aud) : [routeOf(name, routingKey)];
  if (!routes.some(mayWrite)) throw tokenRefusal('not_your_route');
  if (reader.party !== 'coordinator' && key.spoke !== spokeOf(reader)) {
    throw tokenRefusal('not_your_route');
  }
  return writer;
}

function routesOfDead(delivery: Delivery, aud: string): readonly (Route | undefined)[] {
  const slash = aud.indexOf('/');
  const [name, routingKey] = [aud.slice(0, slash), aud.slice(slash + 1)];
  const isMoved = name !== exchange.dead || aud === audienceOf(delivery);
  return isMoved ? [routeOf(name, routingKey)] : [];
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
