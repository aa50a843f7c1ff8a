import { ConfigError } from '../../../shared/errors/errors.ts';
import { type BrokerAddress, brokerAddress } from '../../../shared/transport/amqp/broker-url.ts';
import { UsageError } from '../usage-error.ts';

export interface NamedBroker {
  readonly url: string;
  readonly address: BrokerAddress;
}

/** The broker that the option or AMQP_URL names; undefined when neither does. Throws UsageError for a URL that is none. */
export function brokerOf(
  option: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): NamedBroker | undefined {
  const url = option ?? (env['AMQP_URL'] || undefined);
  if (url === undefined) return undefined;
  try {
    return { url, address: brokerAddress(url) };
  } catch (error) {
    if (error instanceof ConfigError) throw new UsageError('bad_broker_url', error.message);
    throw error;
  }
}

/** The same, where there must be one. */
export function requiredBroker(
  option: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): NamedBroker {
  const broker = brokerOf(option, env);
  if (broker !== undefined) return broker;
  throw new UsageError('no_broker', 'No broker is named: give --broker amqp://… or set AMQP_URL.');
}
