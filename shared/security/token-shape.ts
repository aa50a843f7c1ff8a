import { type TokenRefusalCode, tokenRefusal } from './token-refusal.ts';

const MAX_TOKEN_BYTES = 4_096;
const BASE64URL = /^[A-Za-z0-9_-]+$/;

/** The parts of a compact JWS. */
export interface TokenParts {
  readonly header: string;
  readonly payload: string;
}

/**
 * Splits a token before anything of it is decoded: exactly three parts of strict base64url (Node's own decoder swallows junk).
 * Throws UnprocessableError `token_missing`, `token_malformed`, `not_a_jws`, `alg_refused` (no signature).
 */
export function tokenParts(token: unknown): TokenParts {
  if (token === undefined) throw tokenRefusal('token_missing');
  if (typeof token !== 'string' || token.length > MAX_TOKEN_BYTES) throw malformed();
  const parts = token.split('.');
  if (parts.length === 5) throw tokenRefusal('not_a_jws');
  const [header = '', payload = '', signature = ''] = parts;
  if (parts.length !== 3 || ![header, payload].every((part) => BASE64URL.test(part))) {
    throw malformed();
  }
  if (signature === '') throw tokenRefusal('alg_refused');
  if (!BASE64URL.test(signature)) throw malformed();
  return { header, payload };
}

/**
 * Why a token's header, which is that of no key, is refused. Only called for what is refused anyway, so that the keys' own
 * headers are compared as text and never parsed.
 */
export function whyHeaderIsRefused(
  header: string,
  algOf: (kid: string) => string | undefined,
): TokenRefusalCode {
  const parsed = jsonOf(header);
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    return 'token_malformed';
  const { alg, kid, typ, ...more } = parsed as Record<string, unknown>;
  if ('enc' in more || 'zip' in more) return 'not_a_jws';
  if (Object.keys(more).length > 0) return 'header_refused';
  if (typeof alg !== 'string' || !['HS256', 'EdDSA'].includes(alg)) return 'alg_refused';
  if (typeof kid !== 'string' || !(typ === undefined || typ === 'JWT')) return 'header_refused';
  const known = algOf(kid);
  if (known === undefined) return 'unknown_key';
  return known === alg ? 'header_refused' : 'alg_refused';
}

function jsonOf(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}

function malformed() {
  return tokenRefusal('token_malformed');
}
