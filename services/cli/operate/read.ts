import type { Verbs } from '../../../shared/client/verbs.ts';
import type { readKept } from '../../fleet/kept-runs.ts';
import { brokerOf } from '../input/broker-url.ts';
import type { Terminal } from '../terminal/terminal.ts';
import type { FleetCommandOptions } from './options.ts';

type ReadingVerb = Parameters<typeof readKept>[1];

/** Asks the fleet on a broker, or the database file where no broker is named. */
export async function read<V extends ReadingVerb>(
  verb: V,
  args: Verbs[V]['args'],
  options: FleetCommandOptions,
  terminal: Terminal,
): Promise<Verbs[V]['answer']> {
  const broker = brokerOf(options.broker, terminal.env);
  if (broker === undefined) {
    const { readKept: fromFile } = await import('../../fleet/kept-runs.ts');
    return fromFile(options.db, verb, args);
  }
  const { withClient } = await import('../run/on-broker.ts');
  return withClient(broker, terminal, (client) => client.operation(verb, args));
}
