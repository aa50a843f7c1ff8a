import type { Command } from 'commander';
import { type GroupOptions, lettersMeant } from '../operate/letter-filter.ts';
import { type FleetCommandOptions, fleetOptions } from '../operate/options.ts';
import { countText } from '../terminal/duration.ts';
import type { Terminal } from '../terminal/terminal.ts';

/** `flotilla dead drop`: closes letters that nobody will replay. */
export function addDeadDrop(dead: Command, terminal: Terminal): void {
  const command = dead
    .command('drop')
    .description('close letters that nobody will replay; they can still be listed')
    .argument('[letter]', 'id of the dead letter')
    .option('--code <code>', 'all that are open with this code')
    .option('--model <name>', 'all that are open of this model')
    .option('--all', 'all that are open');
  fleetOptions(command, 'print {"dropped": …}').action(
    async (id: string | undefined, options: GroupOptions & FleetCommandOptions) => {
      const { act } = await import('../operate/act.ts');
      const meant = lettersMeant(id, options);
      const dropped = await act(options, terminal, [], async ({ client }) => {
        let sum = 0;
        for (;;) {
          const answer = await client.operation('dead.drop', meant);
          sum += answer.dropped;
          if (answer.left === 0 || answer.dropped === 0) return sum;
        }
      });
      const done = `${countText(dropped, 'dead letter')} dropped.`;
      terminal.out.print(options.json ? JSON.stringify({ dropped }) : done);
    },
  );
}
