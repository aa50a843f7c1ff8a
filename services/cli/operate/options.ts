import type { Command } from 'commander';

/** The options of every command that looks at runs or does something with them. */
export interface FleetCommandOptions {
  readonly broker?: string;
  readonly db: string;
  readonly json?: boolean;
}

/** Adds them to a command. `json`: what it prints then. */
export function fleetOptions(command: Command, json: string): Command {
  return command
    .option('--broker <url>', 'ask the fleet on this broker (default: AMQP_URL)')
    .option('--db <file>', 'without a broker: where runs are kept', '.flotilla/flotilla.db')
    .option('--json', json);
}
