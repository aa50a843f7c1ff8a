import { hash } from 'node:crypto';
import { parse, v7 } from 'uuid';

/** Namespace of every derived id of Flotilla (a fixed random uuid; changing it changes every id). */
const NAMESPACE = parse('7c0b2c5e-6a0a-4d0e-9a0b-3f1d6f0a5b11');

/** The tenant of whoever is named in no list of tenants. */
export const DEFAULT_TENANT = 'default';

/** The run that a job becomes: the same client and job id always name the same run, so intake is idempotent. */
export function runIdOf(tenant: string, client: string, jobId: string): string {
  return derivedId(JSON.stringify([tenant, client, jobId]));
}

/** The run that goes on from another one: the same wish (`serial`) always makes the same run. */
export function continuedRunIdOf(
  origin: string,
  kind: string,
  from: string | null,
  serial: string,
): string {
  return derivedId(JSON.stringify([origin, 'continued', kind, from, serial]));
}

/** Id of a message that belongs to a run; a re-send has the same id and is seen as the duplicate it is. */
export function messageIdOf(run: string, path: string, attempt: number, type: string): string {
  return derivedId(JSON.stringify([run, path, attempt, type]));
}

/** A fresh id, ordered by time: for jobs whose client gave none, operations and control messages. */
export function newId(): string {
  return v7();
}

/** The first digit of a uuid's fourth group says its variant by its upper two bits. */
const VARIANT_DIGITS = '89ab';

/** uuid v5. Every message has one, and the library's own takes twice as long: it does not use the one-call hash. */
function derivedId(name: string): string {
  const hex = hash('sha1', Buffer.concat([NAMESPACE, Buffer.from(name)]), 'hex');
  const variant = VARIANT_DIGITS[Number.parseInt(hex.charAt(16), 16) & 3];
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
