import type { Command } from 'commander';

/** The options of every command that looks at runs or does something with them. */
export interface FleetCommandOptions {
  readonly broker?: string;
  readonly db: string;
  readonly json?: boolean;
}

/** Where runs are kept without a broker, unless a command names another file. */
export const defaultDatabase = '.flotilla/flotilla.db';

/** What another command needs to find the same runs; a URL with a password is not repeated. */
export function whereOf({
  broker,
  db = defaultDatabase,
}: Partial<Pick<FleetCommandOptions, 'broker' | 'db'>>): string {
  if (broker !== undefined) return broker.includes('@') ? '' : ` --broker ${broker}`;
  return db === defaultDatabase ? '' : ` --db ${db}`;
}

/** Adds them to a command. `json`: what it prints then. */
export function fleetOptions(command: Command, json: string): Command {
  return command
    .option('--broker <url>', 'ask the fleet on this broker (default: AMQP_URL)')
    .option('--db <file>', 'without a broker: where runs are kept', defaultDatabase)
    .option('--json', json);
}
