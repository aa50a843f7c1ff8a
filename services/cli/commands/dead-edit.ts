import type { Command } from 'commander';
import { type FleetCommandOptions, fleetOptions } from '../operate/options.ts';
import type { Terminal } from '../terminal/terminal.ts';

interface DeadEditOptions extends FleetCommandOptions {
  readonly input: string;
}

/** `flotilla dead edit`: changes what the step of a letter will be asked. */
export function addDeadEdit(dead: Command, terminal: Terminal): void {
  const command = dead
    .command('edit')
    .description('change what its step will be asked when it is replayed')
    .argument('<letter>', 'id of the dead letter')
    .requiredOption(
      '--input <json>',
      'the whole input; what is shown as [redacted] stays as it is',
    );
  fleetOptions(command, 'print {"letter": …}').action(
    async (id: string, options: DeadEditOptions) => {
      const { parseJsonObject } = await import('../input/json-value.ts');
      const { act } = await import('../operate/act.ts');
      const input = parseJsonObject(options.input, '--input');
      const answer = await act(options, terminal, [], ({ client }) =>
        client.operation('dead.edit', { id, input }),
      );
      const done = `Edited. Replay it with: flotilla dead replay ${id}`;
      terminal.out.print(options.json ? JSON.stringify(answer) : done);
    },
  );
}
