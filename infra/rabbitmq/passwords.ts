import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from '../../shared/errors/errors.ts';

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
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(file, `${password}\n`, { mode: 0o600, flag: 'wx' });
  return password;
}
