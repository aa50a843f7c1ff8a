import { createHash } from 'node:crypto';

/**
 * The password hash of RabbitMQ's `rabbit_password_hashing_sha256`: base64 of the salt (4 bytes) and the SHA-256 of salt and
 * password.
 */
export function passwordHash(password: string, salt: Uint8Array): string {
  const digest = createHash('sha256').update(salt).update(password, 'utf8').digest();
  return Buffer.concat([salt, digest]).toString('base64');
}
