import { randomBytes } from 'node:crypto';
import type { Spoke } from '../../../shared/security/spoke.ts';
import type { OutgoingMessage } from '../../../shared/transport/transport.ts';
import type { MessageEntrance, SignedCase } from '../corpus/case.ts';
import {
  everywhere,
  goodAt,
  rawOf,
  type Signed,
  signedCases,
  type Token,
} from '../corpus/signed-cases.ts';

/** B32 to B43: tokens. Every message is a good one; what is wrong is its token, or that it is not the one that was signed. */

const forged =
  (head: object, claims: object = {}, secret?: Buffer): Token =>
  (message, entrance, signing) =>
    signing.forged(message, entrance, { head, claims, ...(secret ? { secret } : {}) });
const changed =
  (change: (token: string) => string): Token =>
  (message, entrance, signing) =>
    change(signing.token(message, entrance));
const by =
  (spoke: Spoke): Token =>
  (message, entrance, signing) =>
    signing.token(message, entrance, spoke);
const now = Math.floor(Date.now() / 1_000);
const year = 365 * 24 * 3_600;

export const tokenCases: readonly SignedCase[] = [
  ...signedCases(32, everywhere, [
    { what: 'no token', code: 'token_missing', token: () => undefined },
    { what: 'a number', code: 'token_malformed', token: () => 7 },
    { what: 'an empty token', code: 'token_malformed', token: () => '' },
    { what: 'two tokens', code: 'not_a_jws', token: changed((token) => `${token} ${token}`) },
  ]),
  ...signedCases(33, everywhere, [
    { what: 'alg none', code: 'alg_refused', token: forged({ alg: 'none' }) },
    { what: 'alg nOnE', code: 'alg_refused', token: forged({ alg: 'nOnE' }) },
    {
      what: 'no signature',
      code: 'alg_refused',
      token: changed((token) => token.slice(0, token.lastIndexOf('.') + 1)),
    },
  ]),
  ...signedCases(34, everywhere, [
    {
      what: 'another alg than that of the key',
      code: 'alg_refused',
      token: forged({ alg: 'EdDSA' }),
    },
    { what: 'RS256', code: 'alg_refused', token: forged({ alg: 'RS256' }) },
    {
      what: 'a secret that everybody knows',
      code: 'signature_invalid',
      token: forged({}, {}, Buffer.from('-----BEGIN PUBLIC KEY-----')),
    },
  ]),
  ...signedCases(35, everywhere, [
    { what: 'jwk', code: 'header_refused', token: forged({ jwk: { kty: 'oct', k: 'AA' } }) },
    { what: 'jku', code: 'header_refused', token: forged({ jku: 'http://169.254.169.254/' }) },
    {
      what: 'x5u and x5c',
      code: 'header_refused',
      token: forged({ x5u: 'file:///etc/passwd', x5c: ['AA'] }),
    },
    {
      what: 'a kid that is a path',
      code: 'unknown_key',
      token: forged({ kid: '../../etc/passwd' }),
    },
    { what: 'a kid with SQL', code: 'unknown_key', token: forged({ kid: "' OR 1=1 --" }) },
    { what: 'a kid __proto__', code: 'unknown_key', token: forged({ kid: '__proto__' }) },
    {
      what: 'a kid that is too long',
      code: 'token_malformed',
      token: forged({ kid: 'k'.repeat(8_000) }),
    },
  ]),
  ...signedCases(36, everywhere, [
    { what: 'five parts', code: 'not_a_jws', token: () => 'a.b.c.d.e' },
    { what: 'zip', code: 'not_a_jws', token: forged({ zip: 'DEF' }) },
    {
      what: 'p2c',
      code: 'header_refused',
      token: forged({ alg: 'PBES2-HS256+A128KW', p2c: 2 ** 31 }),
    },
    { what: '5 KiB', code: 'token_malformed', token: changed((token) => token.padEnd(5_000, 'A')) },
  ]),
  ...signedCases(37, everywhere, [
    { what: 'no body', code: 'body_mismatch', after: (m) => ({ ...m, body: Buffer.of() }) },
    {
      what: 'a body with a blank more',
      code: 'body_mismatch',
      after: (m) => ({ ...m, body: Buffer.concat([m.body, Buffer.from(' ')]) }),
    },
    {
      what: 'a body with a byte changed',
      code: 'body_mismatch',
      after: (m) => ({ ...m, body: Buffer.from(textIn(m).replace('2026', '2025')) }),
    },
  ]),
  ...signedCases(38, everywhere, [
    { what: 'another type', code: 'binding_mismatch', after: (m) => ({ ...m, type: 'result' }) },
    {
      what: 'a header that was not there',
      code: 'binding_mismatch',
      after: (m) => ({ ...m, headers: { 'flotilla-priority': 2 } }),
    },
    {
      what: 'signed for another queue',
      code: 'binding_mismatch',
      token: forged({}, { aud: 'flotilla.jobs/other' }),
    },
    {
      what: 'signed under another id',
      code: 'binding_mismatch',
      token: forged({}, { jti: 'other' }),
    },
    {
      what: 'signed for another run',
      code: 'binding_mismatch',
      token: forged({}, { cid: 'other' }),
    },
  ]),
  ...signedCases(
    38,
    ['job'],
    [
      {
        what: 'moved to another flow',
        code: 'binding_mismatch',
        after: (m) => ({ ...m, routingKey: 'orders' }),
      },
    ],
  ),
  ...signedCases(
    39,
    ['reply', 'progress', 'announcement'],
    [
      { what: 'of another worker', code: 'not_your_route', token: by('worker.labeller') },
      { what: 'of a client', code: 'not_your_route', token: by('client.shop') },
      {
        what: 'of a client who says that it is the worker',
        code: 'not_your_route',
        token: by('client.blog'),
      },
    ],
  ),
  ...signedCases(
    39,
    ['job', 'operation'],
    [{ what: 'of a worker', code: 'not_your_route', token: by('worker.parrot') }],
  ),
  ...signedCases(
    39,
    ['request', 'control'],
    [
      { what: "of the worker's own", code: 'not_your_route', token: by('worker.parrot') },
      { what: 'of a client', code: 'unknown_key', token: by('client.shop') },
    ],
  ),
  ...replays(),
  ...signedCases(41, everywhere, [
    {
      what: 'exp past',
      code: 'deadline_exceeded',
      token: forged({}, { iat: now - 7_200, exp: now - 3_600 }),
    },
    {
      what: 'from the future',
      code: 'token_not_yet',
      token: forged({}, { iat: now + 3_600, exp: now + 7_200 }),
    },
    {
      what: 'exp in ten years',
      code: 'token_too_long',
      token: forged({}, { exp: now + 10 * year }),
    },
    { what: 'no iat', code: 'claims_invalid', token: forged({}, { iat: undefined }) },
    {
      what: 'times that are texts',
      code: 'claims_invalid',
      token: forged({}, { exp: String(now + 60) }),
    },
  ]),
  ...signedCases(42, everywhere, [
    { what: 'padding', code: 'token_malformed', token: changed((token) => `${token}=`) },
    { what: 'a plus', code: 'token_malformed', token: changed((token) => `+${token.slice(1)}`) },
    {
      what: 'a new line in it',
      code: 'token_malformed',
      token: changed((token) => token.replace('.', '\n.')),
    },
    {
      what: 'junk in it',
      code: 'token_malformed',
      token: changed((token) => token.replace('.', '%00.')),
    },
  ]),
  ...signedCases(43, everywhere, [
    {
      what: 'a key that nobody knows',
      code: 'unknown_key',
      token: forged({ kid: 'client.shop.00000000' }),
    },
    {
      what: "a stranger's key under a known name",
      code: 'signature_invalid',
      token: forged({}, {}, randomBytes(32)),
    },
    {
      what: 'a retired key',
      code: 'unknown_key',
      token: (message, _, signing) => signing.retired(message),
    },
  ]),
];

/** A message that comes again as it was is no fault: it is the same job, and nobody is asked twice. */
function replays(): readonly SignedCase[] {
  const replay = (entrance: MessageEntrance & Signed, expected: string): SignedCase => ({
    family: 40,
    entrance,
    what: 'three times the same',
    signed: true,
    times: 3,
    expected,
    message: (ids, signing) => {
      const good = goodAt(entrance, ids);
      return rawOf(good, signing.token(good, entrance));
    },
  });
  return [replay('job', 'succeeded'), replay('reply', 'ignored unknown_correlation')];
}

function textIn({ body }: OutgoingMessage): string {
  return Buffer.from(body).toString();
}
