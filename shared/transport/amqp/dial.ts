import { connect } from 'amqplib';
import type { TransportError } from '../../errors/errors.ts';
import type { BrokerAddress } from './broker-url.ts';
import { AmqpConnection } from './connection.ts';
import { asError, dialFault } from './faults.ts';
import { gatherWrites } from './gather-writes.ts';
import type { AmqpSettings } from './options.ts';

export type DialSettings = Pick<
  AmqpSettings,
  'clientName' | 'heartbeatSeconds' | 'answerTimeoutMs' | 'tls'
>;

/**
 * One attempt to connect, within `answerTimeoutMs` and until `stop` is aborted. Throws TransportError `broker_refused` or
 * `broker_unreachable`.
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
    const socketOptions = {
      ...settings.tls,
      noDelay: true,
      keepAlive: true,
      signal: socket.signal,
      clientProperties: { connection_name: settings.clientName },
    };
    const model = await connect(
      {
        protocol: address.tls ? 'amqps' : 'amqp',
        hostname: address.hostname,
        port: address.port,
        username: address.username,
        password: address.password,
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
    const said = timedOut
      ? new Error(`no answer within ${settings.answerTimeoutMs} ms`, { cause: error })
      : error;
    return dialFault(said, address);
  }
}
