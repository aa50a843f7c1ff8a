import { z } from 'zod';
import { readEnv } from '../config/env.ts';
import { ConfigError } from '../errors/errors.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Transport } from '../transport/transport.ts';
import { type KeyFile, keyFileSchema } from './key-file.ts';
import { fixedKeys, type KeyStore, keysInFolder } from './key-store.ts';
import { securedTransport } from './secured-transport.ts';
import { type Identity, spokeOf } from './spoke.ts';

const settings = z.object({
  /** `off`: nothing is signed and nothing is checked. For benchmarks. */
  SECURITY: z.enum(['on', 'off']).default('on'),
  /** Folder of key files, as `flotilla keys` makes it. */
  KEYS_DIR: z.string().default('.flotilla/keys'),
  /** A JSON list of what would be key files, instead of a folder. */
  FLOTILLA_KEYS: z.string().optional(),
  /** `allow`: jobs may come without a token; their client is whom the broker attests, or an API key names. */
  UNSIGNED_JOBS: z.enum(['allow', 'refuse']).default('refuse'),
});

export type Environment = Readonly<Record<string, string | undefined>>;

/** How a process secures its messages. */
export type Securing = (transport: Transport) => Transport;

/**
 * Reads what the environment says of signing, and the keys. A worker or coordinator without keys of its own must not start.
 * Throws ConfigError `config_invalid`, `keys_invalid` or `keys_missing`.
 */
export function securingOf(env: Environment, identity: Identity, logger: Logger): Securing {
  const read = readEnv(settings, env);
  if (read.SECURITY === 'off') {
    logger.warn(
      { code: 'security_off' },
      'SECURITY=off: messages are neither signed nor checked; whoever reaches the broker can forge them',
    );
    return (transport) => transport;
  }
  const keys = keysOf(read, identity, logger);
  const unsignedJobs = read.UNSIGNED_JOBS === 'allow';
  return (transport) => securedTransport(transport, { identity, keys, unsignedJobs, logger });
}

/** The same for a client, which needs no keys where jobs may come without. Throws ConfigError `config_invalid`, `keys_invalid`. */
export function clientSecuringOf(env: Environment, identity: Identity, logger: Logger): Securing {
  try {
    return securingOf(env, identity, logger);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    if (error.code !== 'keys_missing' && error.code !== 'keys_not_found') throw error;
    return (transport) => transport;
  }
}

function keysOf(
  { FLOTILLA_KEYS, KEYS_DIR }: z.infer<typeof settings>,
  identity: Identity,
  logger: Logger,
): KeyStore {
  const keys =
    FLOTILLA_KEYS === undefined
      ? keysInFolder(KEYS_DIR, identity, logger)
      : fixedKeys(keysInText(FLOTILLA_KEYS));
  const spoke = spokeOf(identity);
  if (keys.ring.has(spoke)) return keys;
  keys.close();
  const where = FLOTILLA_KEYS === undefined ? KEYS_DIR : 'FLOTILLA_KEYS';
  throw new ConfigError(
    [
      `${where} holds no key for ${spoke}: make it with \`npx flotilla keys add ${spoke}\`, or set SECURITY=off to sign nothing.`,
    ],
    'keys_missing',
  );
}

function keysInText(text: string): KeyFile[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new ConfigError(['FLOTILLA_KEYS is no JSON.'], 'keys_invalid');
  }
  const parsed = z.array(keyFileSchema).safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(
    ({ path, message }) => `FLOTILLA_KEYS ${path.join('.')}: ${message}`,
  );
  throw new ConfigError(problems, 'keys_invalid');
}
