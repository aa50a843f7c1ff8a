import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { ConfigError } from '../../shared/errors/errors.ts';
import { writeSecret } from '../../shared/security/secret-file.ts';
import type { SharedPolicy } from './policies.ts';

/** An account of a service with the S3 API. */
interface Account {
  readonly access: string;
  readonly secret: string;
}

/** Names of variables; `access` and `secret` say which. */
type Variables = Account;

const ofService: Variables = { access: 'AWS_ACCESS_KEY_ID', secret: 'AWS_SECRET_ACCESS_KEY' };
const ofRoot: Variables = { access: 'ROOT_ACCESS_KEY_ID', secret: 'ROOT_SECRET_ACCESS_KEY' };

/** Has a dot, which no service and no client has. */
const ROOT = 's3.root';

/**
 * Writes what a bucket with an account for each user needs, each file 0600: `<user>.env` with the user's keys, `s3.root.env` with those
 * of the gateway, and `s3.bucket.env` with all of them and the bucket's policy, for whoever makes the bucket. Secrets that are
 * there already are kept. Throws ConfigError for a file without one.
 */
export function writeAccounts(
  folder: string,
  users: readonly string[],
  policy: SharedPolicy,
): void {
  secretOf(ROOT, folder, ofRoot);
  const secrets = users.map((user) => [user, secretOf(user, folder, ofService)]);
  const accounts = JSON.stringify(Object.fromEntries(secrets));
  writeSecret(
    join(folder, 's3.bucket.env'),
    `ARTIFACT_ACCOUNTS='${accounts}'\nARTIFACT_POLICY='${JSON.stringify(policy)}'\n`,
  );
}

function secretOf(user: string, folder: string, names: Variables): string {
  const file = join(folder, `${user}.env`);
  if (existsSync(file)) {
    const kept = parseEnv(readFileSync(file, 'utf8'))[names.secret];
    if (kept) return kept;
    throw new ConfigError([`${file} holds no ${names.secret}: delete it, and it is made anew.`]);
  }
  const secret = randomBytes(32).toString('base64url');
  writeSecret(file, `${names.access}=${user}\n${names.secret}=${secret}\n`);
  return secret;
}
