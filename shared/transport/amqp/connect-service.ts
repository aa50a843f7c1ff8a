import { FleetError } from '../../errors/errors.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { Role } from '../topology.ts';
import type { Transport } from '../transport.ts';
import { type BrokerEnvironment, brokerOptions, isPlainTextAbroad } from './environment.ts';
import { connectAmqp } from './transport.ts';

export interface ServiceConnection {
  readonly env: BrokerEnvironment;
  /** Name of the service, for the broker's management pages; its user where the environment names none. */
  readonly service: string;
  readonly role: Role;
  readonly logger: Logger;
}

/** Connects a service that waits for its broker however long it takes, and says so in its log: once for each outage and reason. Throws ConfigError. */
export async function connectService(connection: ServiceConnection): Promise<Transport> {
  const { env, service, role, logger } = connection;
  const options = brokerOptions(env, service);
  if (isPlainTextAbroad(options.url)) {
    logger.warn(
      { code: 'tls_off' },
      'the broker is on another host and reached without TLS: whoever is between can read everything; use amqps:',
    );
  }
  let connected = false;
  const told = new Set<string>();
  return connectAmqp({
    ...options,
    clientName: service,
    role,
    onState: (state) => {
      connected = state !== 'connecting';
      if (connected) told.clear();
      logger.info({ state }, 'broker');
    },
    onError: (error) => {
      const code = error instanceof FleetError ? { code: error.code } : {};
      const fields = { ...code, reason: error.message };
      if (connected) return logger.warn(fields, 'the broker did not do as asked');
      // Not one line for each attempt to end it; but what keeps it from ending may be another thing than what began it.
      const level = told.has(error.message) ? 'debug' : 'warn';
      told.add(error.message);
      logger[level](fields, 'the broker is not there; trying again until it is');
    },
  });
}
