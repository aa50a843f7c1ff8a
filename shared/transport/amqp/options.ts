import type { BackoffPolicy } from '../../backoff/backoff.ts';
import { type Logger, silentLogger } from '../../telemetry/logger.ts';
import { commonNameIn, type TlsFiles } from '../../tls/tls-files.ts';
import type { Role } from '../topology.ts';
import type { TransportEvents } from '../transport.ts';
import { type BrokerAddress, brokerAddress } from './broker-url.ts';

export interface AmqpOptions extends TransportEvents {
  /** One broker, or the nodes of one cluster: each attempt to connect takes the next. */
  readonly url: string | readonly string[];
  /** Name of the connections in the broker's management pages. Default `flotilla`. */
  readonly clientName?: string;
  /** `declare` makes the topology; `verify` only checks that it is there. Default `declare`, for a client that may not `verify`. */
  readonly topology?: 'declare' | 'verify';
  /** With `verify`: only what this role reads and writes is checked. Default: everything. */
  readonly role?: Role;
  /** After this a message that the broker has not confirmed is reported as `unconfirmed`. Default 10 s. */
  readonly confirmTimeoutMs?: number;
  /** Most messages sent and not yet confirmed. Default 512. */
  readonly window?: number;
  /** Interval of heartbeats; a dead connection is noticed within three. Default 10 s. */
  readonly heartbeatSeconds?: number;
  /** One attempt to connect, and one answer of the broker, may take this long. Default 10 s. */
  readonly answerTimeoutMs?: number;
  /** `connectAmqp` gives up after this. Default: it tries for ever. */
  readonly connectTimeoutMs?: number;
  /** Waits between attempts to connect, open a channel or consume again. */
  readonly redial?: BackoffPolicy;
  /** A file with the password, instead of the one in the URL; read at each attempt to connect. */
  readonly passwordFile?: string;
  /**
   * Files for amqps, read at each attempt to connect. The broker is always verified. With a client certificate, and nobody named in the
   * URL, it is the login (SASL EXTERNAL): the user is the certificate's common name.
   */
  readonly tls?: TlsFiles;
  readonly logger?: Logger;
}

/** The options with every default in place. */
export interface AmqpSettings {
  readonly addresses: readonly [BrokerAddress, ...BrokerAddress[]];
  readonly clientName: string;
  readonly topology: 'declare' | 'verify';
  readonly role: Role | undefined;
  readonly confirmTimeoutMs: number;
  readonly window: number;
  readonly heartbeatSeconds: number;
  readonly answerTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly redial: BackoffPolicy;
  readonly passwordFile: string | undefined;
  readonly tls: TlsFiles;
  readonly logger: Logger;
}

/** Throws ConfigError for a URL that is none. */
export function amqpSettings(options: AmqpOptions): AmqpSettings {
  const [first, ...others] = typeof options.url === 'string' ? [options.url] : options.url;
  const { cert } = options.tls ?? {};
  const certified = cert === undefined || options.passwordFile ? undefined : commonNameIn(cert);
  const addressOf = (url: string) => brokerAddress(url, certified);
  return {
    addresses: [addressOf(first ?? ''), ...others.map(addressOf)],
    clientName: options.clientName ?? 'flotilla',
    topology: options.topology ?? 'declare',
    role: options.role,
    confirmTimeoutMs: options.confirmTimeoutMs ?? 10_000,
    window: options.window ?? 512,
    heartbeatSeconds: options.heartbeatSeconds ?? 10,
    answerTimeoutMs: options.answerTimeoutMs ?? 10_000,
    connectTimeoutMs: options.connectTimeoutMs ?? Number.POSITIVE_INFINITY,
    redial: options.redial ?? { initialMs: 100, factor: 2, maxMs: 3_000, jitter: 'full' },
    passwordFile: options.passwordFile,
    tls: options.tls ?? {},
    logger: options.logger ?? silentLogger,
  };
}
