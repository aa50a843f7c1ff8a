import { FleetError, TransportError } from '../../errors/errors.ts';
import { tlsFault } from '../../tls/tls-fault.ts';
import type { BrokerAddress } from './broker-url.ts';

/**
 * What the broker's and the socket's errors mean. RabbitMQ says it in reply codes (403, 404, 405, 406) and in sentences;
 * amqplib puts both in `Error.message` and the code in `Error.code`.
 */

export function asError(value: unknown): Error {
  return value instanceof Error ? value : new Error(String(value));
}

/** The AMQP reply code of an error, where it has one. */
export function replyCode(error: Error): number | undefined {
  return 'code' in error && typeof error.code === 'number' ? error.code : undefined;
}

/** Trying again soon cannot help: somebody has to change the broker, or our configuration, first. */
export function needsOperator(error: Error): boolean {
  return (
    error instanceof FleetError &&
    ['broker_refused', 'topology_missing', 'topology_mismatch', 'unknown_queue'].includes(
      error.code,
    )
  );
}

/** Why an attempt to connect failed: `broker_refused` (login, virtual host), a fault of TLS, or `broker_unreachable`. */
export function dialFault(error: Error, address: BrokerAddress): TransportError {
  const options = { cause: error, details: { broker: address.display } };
  if (
    /\b403\b|ACCESS[-_]REFUSED|NOT[-_]ALLOWED|\b530\b|SASL mechanism|got <ConnectionClose/.test(
      error.message,
    )
  ) {
    const how = address.byCertificate
      ? ` It is a login by certificate: that takes rabbitmq_auth_mechanism_ssl, EXTERNAL among its auth_mechanisms, ssl_cert_login_from = common_name, and the user ${address.username}.`
      : '';
    return new TransportError(
      'broker_refused',
      `The broker at ${address.display} refuses the login or the virtual host: ${error.message}${how}`,
      options,
    );
  }
  const tls = address.tls ? tlsFault(error) : undefined;
  if (tls !== undefined) {
    return new TransportError(
      tls.code,
      `No connection to the broker at ${address.display}: ${tls.advice} (${error.message}).`,
      options,
    );
  }
  const reason =
    error.message || ('code' in error ? String(error.code) : 'the connection was not made');
  return new TransportError(
    'broker_unreachable',
    `No connection to the broker at ${address.display}: ${reason}`,
    options,
  );
}

/** A refused declaration or check as a sentence that says what to do. */
export function topologyFault(error: Error, what: string): Error {
  const options = { cause: error, details: { what } };
  switch (replyCode(error)) {
    case 404:
      return new TransportError(
        'topology_missing',
        `The broker has no ${what}. Create the topology with \`npm run rabbitmq:definitions\` and import it.`,
        options,
      );
    case 406:
      return new TransportError(
        'topology_mismatch',
        `The ${what} exists on the broker with other arguments: ${error.message}. Delete it there, or use another virtual host.`,
        options,
      );
    case 403:
      return new TransportError(
        'broker_refused',
        `The broker does not let this user use the ${what}: ${error.message}`,
        options,
      );
    default:
      return error;
  }
}

/** What made the broker close a publishing channel. */
export type Culprit =
  | { readonly kind: 'exchange'; readonly exchange: string }
  | { readonly kind: 'topic'; readonly exchange: string; readonly routingKey: string }
  | { readonly kind: 'size'; readonly maxBytes: number };

/** The message that closed a channel, as far as the broker names it; undefined: nobody's fault. */
export function culpritOf(error: Error): Culprit | undefined {
  const code = replyCode(error);
  if (code === 403) {
    const topic = /topic '(.*)' in exchange '(.*?)' in vhost/.exec(error.message);
    if (topic?.[1] !== undefined && topic[2] !== undefined) {
      return { kind: 'topic', routingKey: topic[1], exchange: topic[2] };
    }
  }
  if (code === 403 || code === 404) {
    const exchange = /exchange '(.*?)' in vhost/.exec(error.message)?.[1];
    return exchange === undefined ? undefined : { kind: 'exchange', exchange };
  }
  if (code === 406) {
    const max = /larger than (?:the )?(?:configured )?max(?:imum)? (?:allowed )?size (\d+)/.exec(
      error.message,
    );
    return max?.[1] === undefined ? undefined : { kind: 'size', maxBytes: Number(max[1]) };
  }
  return undefined;
}
