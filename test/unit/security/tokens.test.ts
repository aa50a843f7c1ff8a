import { describe, expect, it } from 'vitest';
import { header } from '../../../shared/envelope/headers.ts';
import { claimsOf } from '../../../shared/security/claims.ts';
import { spokeOf } from '../../../shared/security/spoke.ts';
import { exchange } from '../../../shared/transport/topology.ts';
import type { Delivery } from '../../../shared/transport/transport.ts';
import {
  claimed,
  forged,
  kidIn,
  opened,
  refusalOf,
  sealed,
  strangers,
  tokenOf,
  withToken,
} from '../../support/forging.ts';
import { delivered, NOW_MS, samples } from '../../support/signing.ts';

it('the samples are of every exchange, both ways of control and every message type', () => {
  expect(new Set(samples.map(({ message }) => message.exchange))).toEqual(
    new Set(Object.values(exchange)),
  );
  expect(new Set(samples.map(({ message }) => message.type))).toEqual(
    new Set(['job', 'request', 'reply', 'progress', 'result', 'operation', 'control']),
  );
});

describe.each(samples.map((sample) => [sample.name, sample] as const))('%s', (_, sample) => {
  const isDead = sample.message.exchange === exchange.dead;

  it('is taken as it was sealed, by whom it is for, again and again', () => {
    const delivery = delivered(sealed(sample));
    expect(opened(delivery, sample)).toEqual(sample.writer);
    expect(opened({ ...delivery, redelivered: true }, sample)).toEqual(sample.writer);
  });

  it('without a token, or with something else in its place, is refused (B32, B42)', () => {
    expect(refusalOf(delivered(sample.message), sample)).toBe('token_missing');
    const [head, payload, signature] = tokenOf(sample).split('.');
    const malformed = [
      true,
      '',
      'no token',
      `${head}.${payload}`,
      `${head}.${payload}.${signature}=`,
      `${head}.${payload}.${signature}\n`,
      ` ${tokenOf(sample)}`,
      `${head}+.${payload}.${signature}`,
      `${tokenOf(sample)}${'A'.repeat(4_096)}`,
    ];
    for (const token of malformed) {
      expect(refusalOf(withToken(sample, token), sample), String(token)).toBe('token_malformed');
    }
  });

  it('with no algorithm, another one or no signature is refused (B33, B34)', () => {
    const kid = kidIn(tokenOf(sample));
    const claims = claimsOf(sample.message, spokeOf(sample.writer), NOW_MS);
    for (const alg of ['none', 'None', 'nOnE', 'HS512', 'RS256', 'EdDSA', 7]) {
      const token = forged(sample, { alg, typ: 'JWT', kid }, claims);
      expect(refusalOf(withToken(sample, token), sample), String(alg)).toBe('alg_refused');
    }
    const [head, payload] = tokenOf(sample).split('.');
    expect(refusalOf(withToken(sample, `${head}.${payload}.`), sample)).toBe('alg_refused');
  });

  it('with keys, addresses or more in its header is refused (B35)', () => {
    const kid = kidIn(tokenOf(sample));
    const claims = claimsOf(sample.message, spokeOf(sample.writer), NOW_MS);
    for (const more of [{ jwk: {} }, { jku: 'https://x' }, { x5u: 'https://x' }, { x5c: [] }]) {
      const token = forged(sample, { alg: 'HS256', typ: 'JWT', kid, ...more }, claims);
      expect(refusalOf(withToken(sample, token), sample)).toBe('header_refused');
    }
    for (const strange of ['../../etc/passwd', "' OR 1=1", 'https://x', `${kid} `, '__proto__']) {
      const token = forged(sample, { alg: 'HS256', typ: 'JWT', kid: strange }, claims);
      expect(refusalOf(withToken(sample, token), sample), strange).toBe('unknown_key');
    }
    const noKid = forged(sample, { alg: 'HS256', typ: 'JWT' }, claims);
    expect(refusalOf(withToken(sample, noKid), sample)).toBe('header_refused');
  });

  it('encrypted or compressed is refused (B36)', () => {
    expect(refusalOf(withToken(sample, 'a.b.c.d.e'), sample)).toBe('not_a_jws');
    const zipped = forged(sample, { alg: 'HS256', kid: 'x', zip: 'DEF' }, {});
    expect(refusalOf(withToken(sample, zipped), sample)).toBe('not_a_jws');
  });

  it('with one byte of its body changed is refused (B37)', () => {
    const message = sealed(sample);
    const body = Buffer.from(message.body);
    body[10] = (body[10] as number) ^ 1;
    expect(refusalOf(delivered(message, { body }), sample)).toBe('body_mismatch');
  });

  it('moved to another id, type, correlation, route or header is refused (B38)', () => {
    const message = sealed(sample);
    const moves: Partial<Delivery>[] = [
      { messageId: 'another' },
      { messageId: undefined },
      { type: 'another' },
      { correlationId: '11111111-6d1c-5d0e-9a0b-3f1d6f0a5b11' },
      { correlationId: undefined },
    ];
    if (!isDead) {
      const later = { ...message.headers, [header.deadline]: '2030-01-01T00:00:00Z' };
      const { [header.schemaVersion]: __, ...fewer } = message.headers ?? {};
      moves.push({ headers: later }, { headers: fewer });
    }
    for (const move of moves) {
      expect(refusalOf(delivered(message, move), sample)).toBe('binding_mismatch');
    }
  });

  it('is refused on every other route of the table (B38, B39)', () => {
    const message = sealed(sample);
    for (const other of samples) {
      const { exchange: name, routingKey } = other.message;
      if (name === message.exchange && routingKey === message.routingKey) continue;
      // What the broker gives up goes to the dead letters with its token.
      if (name === exchange.dead) continue;
      const delivery = delivered(message, { exchange: name, routingKey });
      const code = refusalOf(delivery, { ...sample, reader: other.reader });
      expect(['binding_mismatch', 'not_your_route', 'unknown_key'], name).toContain(code);
    }
    const elsewhere = delivered(message, { exchange: 'amq.topic' });
    expect(refusalOf(elsewhere, sample)).toBe('not_your_route');
  });

  it('with a claim missing or of another type is refused (B41)', () => {
    for (const name of ['iss', 'aud', 'jti', 'typ', 'iat', 'exp', 'sha']) {
      for (const value of [undefined, name === 'iat' || name === 'exp' ? '1' : 1, null, {}]) {
        const token = claimed(sample, { [name]: value });
        expect(refusalOf(withToken(sample, token), sample), name).toMatch(
          /^(claims_invalid|signature_invalid)$/,
        );
      }
    }
  });

  it('from the future, or valid for ten years, is refused (B41)', () => {
    if (isDead) return;
    const iat = NOW_MS / 1_000 + 600;
    const early = claimed(sample, { iat, exp: iat + 60 });
    expect(refusalOf(withToken(sample, early), sample)).toBe('token_not_yet');
    const long = claimed(sample, { exp: NOW_MS / 1_000 + 10 * 365 * 24 * 3_600 });
    expect(refusalOf(withToken(sample, long), sample)).toBe('token_too_long');
  });

  it('of a fleet with other keys, or with a signature that was changed, is refused (B43)', () => {
    const foreign = sealed(sample, strangers);
    expect(refusalOf(delivered(foreign), sample)).toBe('unknown_key');
    const [head, payload, signature = ''] = tokenOf(sample).split('.');
    const changed = `${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`;
    const token = `${head}.${payload}.${changed}`;
    expect(refusalOf(withToken(sample, token), sample)).toBe('signature_invalid');
  });
});
