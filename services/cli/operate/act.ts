import type { Client } from '../../../shared/client/client.ts';
import { brokerOf } from '../input/broker-url.ts';
import type { Terminal } from '../terminal/terminal.ts';
import type { FleetCommandOptions } from './options.ts';

/** Who does what a command asks for. */
export interface Fleet {
  readonly client: Client;
  /** It ends with this command: what it began must end before. */
  readonly embedded: boolean;
}

/**
 * Does something on the fleet behind a broker; where none is named, on a fleet in this process that works on the database file.
 * `runs`: those that will go on, so that their models are loaded. Throws FleetError `store_in_use` when another process has the
 * file.
 */
export async function act<T>(
  options: FleetCommandOptions,
  terminal: Terminal,
  runs: readonly string[],
  work: (fleet: Fleet) => Promise<T>,
): Promise<T> {
  const broker = brokerOf(options.broker, terminal.env);
  if (broker === undefined) {
    const { withKeptFleet } = await import('./kept-fleet.ts');
    return withKeptFleet(options.db, terminal, runs, (client) => work({ client, embedded: true }));
  }
  const { withClient } = await import('../run/on-broker.ts');
  return withClient(broker, terminal, (client) => work({ client, embedded: false }));
}
