import { isIPv4 } from 'node:net';
import { z } from 'zod';
import { ConfigError } from '../../errors/errors.ts';
import { checkTlsFiles, unreadable } from '../../tls/tls-files.ts';
import { brokerAddress } from './broker-url.ts';
import type { AmqpOptions } from './options.ts';

/** The environment of whoever connects to the broker. */
export const brokerSettings = z.object({
  /** `amqps:` for TLS. */
  AMQP_URL: z.string().default('amqp://guest:guest@127.0.0.1:5672'),
  /** `verify` with the generated users, who may not declare. */
  TOPOLOGY: z.enum(['declare', 'verify']).default('declare'),
  /** A file with the password instead of the URL, read at each attempt to connect. */
  AMQP_PASSWORD_FILE: z.string().optional(),
  /** PEM files for `amqps:`, read at each attempt to connect: the authority that is believed, and a client certificate, which is the login where nobody is named. */
  AMQP_CA_FILE: z.string().optional(),
  AMQP_CERT_FILE: z.string().optional(),
  AMQP_KEY_FILE: z.string().optional(),
});

const loopbackNames: readonly string[] = ['localhost', '::1'];

export type BrokerEnvironment = z.infer<typeof brokerSettings>;

type BrokerOptions = Pick<AmqpOptions, 'topology' | 'passwordFile' | 'tls'> & {
  readonly url: string;
};

/**
 * What the environment says of the broker. With a password file and no user in the URL, the user is `service`. Throws ConfigError
 * with every problem, also for files of TLS where the URL is not: nothing of it must leave in plain text.
 */
export function brokerOptions(env: BrokerEnvironment, service: string): BrokerOptions {
  const { AMQP_URL, AMQP_PASSWORD_FILE: passwordFile } = env;
  const { tls } = brokerAddress(AMQP_URL);
  const files = { ca: env.AMQP_CA_FILE, cert: env.AMQP_CERT_FILE, key: env.AMQP_KEY_FILE };
  const given = Object.values(files).some((file) => file !== undefined);
  if (given && !tls) {
    throw new ConfigError(['AMQP_CA_FILE and the like are for amqps: AMQP_URL begins with amqp:.']);
  }
  checkTlsFiles(files, 'AMQP');
  const problems = passwordFile ? unreadable(passwordFile, 'AMQP_PASSWORD_FILE') : [];
  if (problems.length > 0) throw new ConfigError(problems);
  const url = new URL(AMQP_URL);
  if (passwordFile && url.username === '') url.username = service;
  return {
    url: passwordFile ? url.href : AMQP_URL,
    topology: env.TOPOLOGY,
    ...(passwordFile === undefined ? {} : { passwordFile }),
    ...(given ? { tls: files } : {}),
  };
}

/** True when what is sent there can be read by whoever is between: another host, and no TLS. */
export function isPlainTextAbroad(url: string): boolean {
  const { hostname, tls } = brokerAddress(url);
  const loopback = isIPv4(hostname)
    ? hostname.startsWith('127.')
    : loopbackNames.includes(hostname);
  return !tls && !loopback;
}
