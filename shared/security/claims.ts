import { hash } from 'node:crypto';
import { header } from '../envelope/headers.ts';
import type { Delivery, MessageHeaders, OutgoingMessage } from '../transport/transport.ts';
import type { Spoke } from './spoke.ts';

/** What a token says. Times are whole seconds since 1970, digests are SHA-256 in base64url. */
export interface Claims {
  /** Who wrote the message. */
  readonly iss: Spoke;
  /** `<exchange>/<routing key>`. */
  readonly aud: string;
  /** Message id. It is derived from run, path and attempt where there are such. */
  readonly jti: string;
  /** Message type. */
  readonly typ: string;
  readonly iat: number;
  readonly exp: number;
  /** Digest of the body's exact bytes: run, path and attempt are in them. */
  readonly sha: string;
  /** Correlation id, where there is one: the run of everything but a job. */
  readonly cid?: string;
  /** Digest of Flotilla's headers, where there are any beside the token. */
  readonly hdr?: string;
}

/** What is left of a token's time when the run's deadline is over, and what two clocks may be apart. */
export const LEEWAY_SECONDS = 60;
/** Of a message that has no deadline and may wait for its reader: a job, a result. */
const LONG_SECONDS = 30 * 24 * 3_600;
/** Of a message that is worth nothing later: control, progress, operations and their answers. */
const SHORT_SECONDS = 600;
/** No run takes longer than that. */
export const LONGEST_SECONDS = 400 * 24 * 3_600;

const shortLived: ReadonlySet<string> = new Set(['control', 'progress', 'operation', 'answer']);
/** Why a message was parked is for people to read, and a token is not about itself. */
const unbound: ReadonlySet<string> = new Set([header.token, header.reason, header.reasonMessage]);

/** The claims of a message. */
export function claimsOf(message: OutgoingMessage, iss: Spoke, nowMs: number): Claims {
  const { correlationId, headers = {} } = message;
  const iat = Math.floor(nowMs / 1_000);
  const hdr = headersDigest(headers);
  return {
    iss,
    aud: audienceOf(message),
    jti: message.messageId,
    typ: message.type,
    iat,
    exp: expiryOf(message.type, headers, iat),
    sha: digestOf(message.body),
    ...(correlationId === undefined ? {} : { cid: correlationId }),
    ...(hdr === undefined ? {} : { hdr }),
  };
}

export function audienceOf({
  exchange,
  routingKey,
}: Pick<Delivery, 'exchange' | 'routingKey'>): string {
  return `${exchange}/${routingKey}`;
}

export function digestOf(bytes: Uint8Array | string): string {
  return hash('sha256', bytes, 'base64url');
}

/** Of the lines `<name>:<value>` of all headers that begin with `flotilla-`, by name; undefined where there is none. */
export function headersDigest(headers: MessageHeaders): string | undefined {
  const lines: string[] = [];
  for (const name in headers) {
    if (name.startsWith('flotilla-') && !unbound.has(name))
      lines.push(`${name}:${headers[name]}\n`);
  }
  return lines.length === 0 ? undefined : digestOf(lines.sort().join(''));
}

function expiryOf(type: string, headers: MessageHeaders, iat: number): number {
  const deadlineMs = Date.parse(String(headers[header.deadline] ?? ''));
  if (!Number.isNaN(deadlineMs)) return Math.ceil(deadlineMs / 1_000) + LEEWAY_SECONDS;
  return iat + (shortLived.has(type) ? SHORT_SECONDS : LONG_SECONDS);
}

/** The claims in a token's payload; undefined where one is missing or of another type. */
export function readClaims(payload: unknown): Claims | undefined {
  if (typeof payload !== 'object' || payload === null) return undefined;
  const claims = payload as Record<keyof Claims, unknown>;
  const { iss, aud, jti, typ, sha, iat, exp, cid, hdr } = claims;
  const valid =
    typeof iss === 'string' &&
    typeof aud === 'string' &&
    typeof jti === 'string' &&
    typeof typ === 'string' &&
    typeof sha === 'string' &&
    Number.isSafeInteger(iat) &&
    Number.isSafeInteger(exp) &&
    (cid === undefined || typeof cid === 'string') &&
    (hdr === undefined || typeof hdr === 'string');
  return valid ? (payload as Claims) : undefined;
}
