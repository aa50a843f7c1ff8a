import { readFile } from 'node:fs/promises';
import { connect, credentials } from 'amqplib';
import { TransportError } from '../../errors/errors.ts';
import { readTlsFiles } from '../../tls/tls-files.ts';
import type { BrokerAddress } from './broker-url.ts';
import { AmqpConnection } from './connection.ts';
import { asError, dialFault } from './faults.ts';
import { gatherWrites } from './gather-writes.ts';
import type { AmqpSettings } from './options.ts';

export type DialSettings = Pick<
  AmqpSettings,
  'clientName' | 'heartbeatSeconds' | 'answerTimeoutMs' | 'passwordFile' | 'tls'
>;

/**
 * One attempt to connect, within `answerTimeoutMs` and until `stop` is aborted. Throws TransportError
 * `broker_refused`, `broker_unreachable`, or what is wrong with TLS (`tls_certificate_expired` and the like).
 */
export async function dial(
  address: BrokerAddress,
  settings: DialSettings,
  stop: AbortSignal,
): Promise<AmqpConnection> {
  // Node destroys a socket whose signal is aborted: the one way to give up an attempt, or a connection without a peer.
  const socket = new AbortController();
  const destroy = () => socket.abort();
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    destroy();
  }, settings.answerTimeoutMs);
  stop.addEventListener('abort', destroy, { once: true });
  try {
    stop.throwIfAborted();
    const password = await passwordOf(address, settings.passwordFile);
    const socketOptions = {
      ...(address.tls ? await readTlsFiles(settings.tls) : {}),
      noDelay: true,
      keepAlive: true,
      signal: socket.signal,
      clientProperties: { connection_name: settings.clientName },
      ...(address.byCertificate ? { credentials: credentials.external() } : {}),
    };
    const model = await connect(
      {
        protocol: address.tls ? 'amqps' : 'amqp',
        hostname: address.hostname,
        port: address.port,
        username: address.username,
        password,
        vhost: address.vhost,
        heartbeat: settings.heartbeatSeconds,
      },
      socketOptions,
    );
    gatherWrites(model);
    return new AmqpConnection({
      model,
      broker: address.display,
      destroy,
      answerTimeoutMs: settings.answerTimeoutMs,
    });
  } catch (error) {
    throw fault(asError(error), late);
  } finally {
    clearTimeout(timer);
    stop.removeEventListener('abort', destroy);
  }

  function fault(error: Error, timedOut: boolean): TransportError {
    if (error instanceof TransportError) return error;
    const said = timedOut
      ? new Error(`no answer within ${settings.answerTimeoutMs} ms`, { cause: error })
      : error;
    return dialFault(said, address);
  }
}

async function passwordOf(address: BrokerAddress, file: string | undefined): Promise<string> {
  if (file === undefined) return address.password;
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    throw new TransportError(
      'password_unreadable',
      `The password of ${address.username} cannot be read from ${file}: put the file back.`,
      { cause: error },
    );
  }
}
