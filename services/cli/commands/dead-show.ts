import type { Command } from 'commander';
import { type FleetCommandOptions, fleetOptions } from '../operate/options.ts';
import type { Terminal } from '../terminal/terminal.ts';

/** `flotilla dead show`: one dead letter. */
export function addDeadShow(dead: Command, terminal: Terminal): void {
  const command = dead
    .command('show')
    .description('show a dead letter: why, what was asked, what was done with it')
    .argument('<letter>', 'id of the dead letter');
  fleetOptions(command, 'print {"letter": …}').action(
    async (id: string, options: FleetCommandOptions) => {
      const { read } = await import('../operate/read.ts');
      const { letterDetailsLines } = await import('../terminal/letter-lines.ts');
      const answer = await read('dead.show', { id }, options, terminal);
      const { out } = terminal;
      if (options.json) out.print(JSON.stringify(answer));
      else out.print(...letterDetailsLines(answer.letter, out.screen));
    },
  );
}
