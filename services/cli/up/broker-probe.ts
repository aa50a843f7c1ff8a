import { connect } from 'node:net';
import type { BrokerAddress } from '../../../shared/transport/amqp/broker-url.ts';

const PROBE_TIMEOUT_MS = 3_000;

/** Undefined when something listens at the broker's address, else why not, in a few words. */
export async function brokerProblem(
  address: Pick<BrokerAddress, 'hostname' | 'port'>,
): Promise<string | undefined> {
  const socket = connect({ host: address.hostname, port: address.port });
  const answer = Promise.withResolvers<string | undefined>();
  socket.setTimeout(PROBE_TIMEOUT_MS, () => answer.resolve('it does not answer'));
  socket.once('connect', () => answer.resolve(undefined));
  socket.once('error', (error: NodeJS.ErrnoException) => answer.resolve(reason(error)));
  try {
    return await answer.promise;
  } finally {
    socket.destroy();
  }
}

function reason(error: NodeJS.ErrnoException): string {
  if (error.code === 'ECONNREFUSED') return 'nothing listens there';
  if (error.code === 'ENOTFOUND' || error.code === 'EAI_AGAIN') return 'there is no such host';
  return error.code ?? error.message;
}
