import { UnprocessableError } from '../errors/errors.ts';

/** Every code with which a message is refused for its token, with its sentence. */
export const tokenRefusals = {
  token_missing: 'The message carries no token.',
  token_malformed: 'The token is no compact JWT: three parts of base64url, at most 4 KiB.',
  not_a_jws: 'The token is encrypted or compressed; only signed tokens are taken.',
  header_refused: 'The header of the token holds more than alg, kid and typ.',
  alg_refused: 'The algorithm of the token is not that of its key.',
  unknown_key: 'The key of the token is not known here.',
  signature_invalid: 'The signature of the token is wrong.',
  claims_invalid: 'A claim of the token is missing or of the wrong type.',
  not_your_route: 'The key of the token is not for messages of this route.',
  binding_mismatch: 'The token belongs to another message.',
  body_mismatch: 'The token belongs to another body.',
  deadline_exceeded: 'The time of the token is over: the message waited too long.',
  token_not_yet: 'The token is from the future.',
  token_too_long: 'The token is valid for longer than any run may take.',
} as const;

export type TokenRefusalCode = keyof typeof tokenRefusals;

export function tokenRefusal(code: TokenRefusalCode): UnprocessableError {
  return new UnprocessableError(code, tokenRefusals[code]);
}
