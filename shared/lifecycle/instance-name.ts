import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';

/** A name unique among the processes of a service: containers share process ids, hosts share names. */
export function instanceName(): string {
  const host = hostname().replaceAll(/[^A-Za-z0-9_.-]/g, '-');
  return `${host.slice(0, 40)}-${process.pid}-${randomBytes(2).toString('hex')}`;
}
