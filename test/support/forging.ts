import { createHmac } from 'node:crypto';
import { header } from '../../shared/envelope/headers.ts';
import { claimsOf } from '../../shared/security/claims.ts';
import { open } from '../../shared/security/open.ts';
import { seal } from '../../shared/security/seal.ts';
import { spokeOf } from '../../shared/security/spoke.ts';
import type { Delivery } from '../../shared/transport/transport.ts';
import { coordinator, delivered, NOW_MS, type Sample, TestKeys } from './signing.ts';

export const spokes = [
  'coordinator.coordinator',
  'worker.sentiment',
  'worker.topic',
  'client.shop',
  'client.blog',
] as const;
export const keys = new TestKeys(spokes);
export const strangers = new TestKeys(spokes);

export const sealed = ({ message, writer }: Sample, ring = keys, nowMs = NOW_MS) =>
  seal(message, writer, ring.ring(writer), nowMs);
export const opened = (delivery: Delivery, { reader }: Sample, nowMs = NOW_MS + 1_000) =>
  open(delivery, reader, keys.ring(reader), nowMs).writer;
export const tokenOf = (sample: Sample) => String(sealed(sample).headers?.[header.token]);
export const withToken = (sample: Sample, token: string | boolean) =>
  delivered({ ...sample.message, headers: { ...sample.message.headers, [header.token]: token } });

/** The code with which it is refused; `taken` where it is not. */
export function refusalOf(delivery: Delivery, sample: Sample, nowMs?: number): string {
  try {
    opened(delivery, sample, nowMs);
    return 'taken';
  } catch (error) {
    return (error as { code: string }).code;
  }
}

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
export const kidIn = (token: string): string =>
  JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).kid;
const secretOf = (sample: Sample): Buffer => {
  const kid = kidIn(tokenOf(sample));
  const found = keys
    .files(coordinator)
    .flatMap((file) => file.keys)
    .find((key) => key.kid === kid);
  return Buffer.from(found && 'secret' in found ? found.secret : '', 'base64url');
};
/** A token with a right signature over whatever header and claims. */
export const forged = (sample: Sample, head: object, claims: object): string => {
  const text = `${part(head)}.${part(claims)}`;
  return `${text}.${createHmac('sha256', secretOf(sample)).update(text).digest('base64url')}`;
};
export const claimed = (sample: Sample, changes: object): string => {
  const own = claimsOf(sample.message, spokeOf(sample.writer), NOW_MS);
  const head = { alg: 'HS256', typ: 'JWT', kid: kidIn(tokenOf(sample)) };
  return forged(sample, head, { ...own, ...changes });
};
