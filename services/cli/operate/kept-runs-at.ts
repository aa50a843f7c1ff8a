import { brokerOf } from '../input/broker-url.ts';
import type { Terminal } from '../terminal/terminal.ts';
import type { FleetCommandOptions } from './options.ts';
import { read } from './read.ts';

/** Newest runs that are looked at. */
const MOST_RUNS = 100;

/** Runs of the database file that rest because this model is paused; none where a broker is named: its fleet goes on by itself. */
export async function keptRunsAt(
  model: string,
  options: FleetCommandOptions,
  terminal: Terminal,
): Promise<readonly string[]> {
  if (brokerOf(options.broker, terminal.env) !== undefined) return [];
  const args = { status: 'running', limit: MOST_RUNS } as const;
  const { runs } = await read('run.list', args, options, terminal);
  const found: string[] = [];
  for (const { id } of runs) {
    const { rests } = await read('run.get', { run: id }, options, terminal);
    if (rests.some((rest) => rest.model === model)) found.push(id);
  }
  return found;
}
