import { ConfigError } from '../../errors/errors.ts';

/** Where a broker is and as whom to log in. */
export interface BrokerAddress {
  readonly hostname: string;
  readonly port: number;
  readonly tls: boolean;
  readonly username: string;
  readonly password: string;
  /** It logs in with its client certificate, which names the user, and with no password. */
  readonly byCertificate?: true;
  /** Still percent-encoded, as amqplib takes it. */
  readonly vhost: string;
  /** For logs and errors: without the password. */
  readonly display: string;
}

/** RabbitMQ's own user, whom it lets in from loopback alone. */
const guest = { username: 'guest', password: 'guest' };

/**
 * Reads `amqp://user:password@host:port/vhost` (or amqps). What is left out is RabbitMQ's default; `certified`, the name in a client
 * certificate, is the user of an amqps URL that names none. Throws ConfigError.
 */
export function brokerAddress(text: string, certified?: string): BrokerAddress {
  let url: URL;
  try {
    url = new URL(text);
    decodeURIComponent(url.username + url.password + url.pathname);
  } catch {
    throw new ConfigError(['The broker URL is not a URL such as amqp://user:password@host:5672/.']);
  }
  if (url.protocol !== 'amqp:' && url.protocol !== 'amqps:') {
    throw new ConfigError([
      `The broker URL begins with ${url.protocol}; amqp: or amqps: is needed.`,
    ]);
  }
  const tls = url.protocol === 'amqps:';
  const hostname = url.hostname.replace(/^\[|\]$/g, '') || 'localhost';
  const port = Number(url.port) || (tls ? 5671 : 5672);
  const anonymous = url.username === '' && url.password === '';
  const byCertificate = anonymous && tls && certified !== undefined;
  const standIn = byCertificate ? { username: certified, password: '' } : guest;
  const { username, password } = anonymous
    ? standIn
    : {
        username: decodeURIComponent(url.username),
        password: decodeURIComponent(url.password),
      };
  const vhost = url.pathname.length > 1 ? url.pathname.slice(1) : '%2F';
  return {
    hostname,
    port,
    tls,
    username,
    password,
    ...(byCertificate ? { byCertificate } : {}),
    vhost,
    display: `${url.protocol}//${username}@${url.hostname || 'localhost'}:${port}/${vhost}`,
  };
}
