import type { Logger } from '../../telemetry/logger.ts';
import type { Role } from '../topology.ts';
import type { Transport } from '../transport.ts';
import { connectAmqp } from './transport.ts';

export interface ServiceConnection {
  readonly url: string;
  /** Name of the service, for the broker's management pages. */
  readonly service: string;
  readonly topology: 'declare' | 'verify';
  readonly role: Role;
  readonly logger: Logger;
}

/** Connects a service that waits for its broker however long it takes, and says so in its log: once for each outage and reason. */
export function connectService(connection: ServiceConnection): Promise<Transport> {
  const { url, service, topology, role, logger } = connection;
  let connected = false;
  const told = new Set<string>();
  return connectAmqp({
    url,
    clientName: service,
    topology,
    role,
    onState: (state) => {
      connected = state !== 'connecting';
      if (connected) told.clear();
      logger.info({ state }, 'broker');
    },
    onError: (error) => {
      const fields = { reason: error.message };
      if (connected) return logger.warn(fields, 'the broker did not do as asked');
      // Not one line for each attempt to end it; but what keeps it from ending may be another thing than what began it.
      const level = told.has(error.message) ? 'debug' : 'warn';
      told.add(error.message);
      logger[level](fields, 'the broker is not there; trying again until it is');
    },
  });
}
