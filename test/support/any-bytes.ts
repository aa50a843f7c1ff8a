import { randomBytes } from 'node:crypto';

/** So many random bytes that begin like no known type of file. */
export function anyBytes(length: number): Buffer {
  const bytes = randomBytes(length);
  bytes.subarray(0, 1).fill(0);
  return bytes;
}
