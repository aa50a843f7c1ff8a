import type { Command } from 'commander';
import { type FleetCommandOptions, fleetOptions } from '../operate/options.ts';
import type { Terminal } from '../terminal/terminal.ts';

interface CancelOptions extends FleetCommandOptions {
  readonly reason?: string;
}

/** `flotilla cancel`: ends an open run. */
export function addCancel(program: Command, terminal: Terminal): void {
  const command = program
    .command('cancel')
    .summary('end a run that is under way')
    .description('Ends a run that is under way; the workers that are at it are told to stop.')
    .argument('<run>', 'id of the run')
    .option('--reason <text>', 'what the result will say');
  fleetOptions(command, 'print {"run": …, "status": …}').action(
    async (run: string, options: CancelOptions) => {
      const { act } = await import('../operate/act.ts');
      const { reason } = options;
      const args = reason === undefined ? { run } : { run, reason };
      const answer = await act(options, terminal, [], ({ client }) =>
        client.operation('run.cancel', args),
      );
      const { out } = terminal;
      out.print(options.json ? JSON.stringify(answer) : `Run ${run} is cancelled.`);
    },
  );
}
