import type { Command } from 'commander';
import { type FleetCommandOptions, fleetOptions } from '../operate/options.ts';
import type { Terminal } from '../terminal/terminal.ts';

interface PauseOptions extends FleetCommandOptions {
  readonly reason?: string;
}

/** `flotilla pause` and `flotilla continue`: stops a model, and lets it go on. */
export function addPause(program: Command, terminal: Terminal): void {
  const pause = program
    .command('pause')
    .summary('stop a model: it is not asked until it goes on')
    .description('Stops a model. It is not asked, and what waits for it waits, until it goes on.')
    .argument('<model>', 'name of the model')
    .option('--reason <text>', 'for whoever looks at the models');
  fleetOptions(pause, 'print {"model": …, "paused": true}').action(
    async (model: string, options: PauseOptions) => {
      const { act } = await import('../operate/act.ts');
      const { reason } = options;
      const args = reason === undefined ? { model } : { model, reason };
      const answer = await act(options, terminal, [], ({ client }) =>
        client.operation('model.pause', args),
      );
      const done = `${model} is paused. It goes on with: flotilla continue ${model}`;
      terminal.out.print(options.json ? JSON.stringify(answer) : done);
    },
  );
  const goOn = program
    .command('continue')
    .summary('let a model go on that was stopped')
    .description('Lets a model go on that was stopped, with what waits for it.')
    .argument('<model>', 'name of the model');
  fleetOptions(goOn, 'print {"model": …, "paused": false}').action(
    async (model: string, options: FleetCommandOptions) => {
      const { act } = await import('../operate/act.ts');
      const { keptRunsAt } = await import('../operate/kept-runs-at.ts');
      const { resultOrRest } = await import('../../../shared/client/result-or-rest.ts');
      const runs = await keptRunsAt(model, options, terminal);
      const answer = await act(options, terminal, runs, async ({ client }) => {
        const continued = await client.operation('model.continue', { model });
        // What goes on in this process ends with it.
        await Promise.all(runs.map((run) => resultOrRest(client, run)));
        return continued;
      });
      const going = runs.length === 0 ? '' : `, and with it ${runs.join(', ')}`;
      terminal.out.print(options.json ? JSON.stringify(answer) : `${model} goes on${going}.`);
    },
  );
}
