import { ConfigError } from '../../errors/errors.ts';

/** Where a broker is and as whom to log in. */
export interface BrokerAddress {
  readonly hostname: string;
  readonly port: number;
  readonly tls: boolean;
  readonly username: string;
  readonly password: string;
  /** Still percent-encoded, as amqplib takes it. */
  readonly vhost: string;
  /** For logs and errors: without the password. */
  readonly display: string;
}

/** Reads `amqp://user:password@host:port/vhost` (or amqps). What is left out is RabbitMQ's default. Throws ConfigError. */
export function brokerAddress(text: string): BrokerAddress {
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
  const username = anonymous ? 'guest' : decodeURIComponent(url.username);
  const vhost = url.pathname.length > 1 ? url.pathname.slice(1) : '%2F';
  return {
    hostname,
    port,
    tls,
    username,
    password: anonymous ? 'guest' : decodeURIComponent(url.password),
    vhost,
    display: `${url.protocol}//${username}@${url.hostname || 'localhost'}:${port}/${vhost}`,
  };
}
