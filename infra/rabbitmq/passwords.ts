import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from '../../shared/errors/errors.ts';
import { writeSecret } from '../../shared/security/secret-file.ts';

/** The environment variable that gives a user's password: `AMQP_PASSWORD_PRODUCT_QA` for `product-qa`. */
function passwordVariable(user: string): string {
  return `AMQP_PASSWORD_${user.toUpperCase().replaceAll('-', '_')}`;
}

/**
 * The password of a user: what the environment says, else what the user's file in the folder says, else a new one, which is
 * written there (0600, in a folder of 0700). Throws ConfigError for a file without a password.
 */
export function passwordOf(
  user: string,
  folder: string,
  env: Readonly<Record<string, string | undefined>>,
): string {
  const given = env[passwordVariable(user)];
  if (given) return given;
  const file = join(folder, user);
  if (existsSync(file)) {
    const kept = readFileSync(file, 'utf8').trim();
    if (kept !== '') return kept;
    throw new ConfigError([`${file} holds no password: delete it, and it is made anew.`]);
  }
  const password = randomBytes(32).toString('base64url');
  writeSecret(file, `${password}\n`);
  return password;
}

/** The password as its user gets it: a file for AMQP_PASSWORD_FILE in `<to>/<user>`, which nobody else may read. */
export function handOutPassword(user: string, password: string, to: string): void {
  writeSecret(join(to, user, 'amqp-password'), `${password}\n`);
}
