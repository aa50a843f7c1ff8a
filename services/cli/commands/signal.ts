import type { Command } from 'commander';
import { type FleetCommandOptions, fleetOptions } from '../operate/options.ts';
import type { Terminal } from '../terminal/terminal.ts';

/** A run ends itself, by its deadline, before this is over. */
const A_DAY_MS = 86_400_000;

interface SignalOptions extends FleetCommandOptions {
  readonly data: string;
}

/** `flotilla signal`: answers a run that waits for a person, or for an event. */
export function addSignal(program: Command, terminal: Terminal): void {
  const command = program
    .command('signal')
    .summary('answer a run that waits')
    .description('Answers a node of a run that waits for a person, or for an event from outside.')
    .argument('<run>', 'id of the run')
    .argument('<node>', 'path of the node that waits')
    .option('--data <json>', 'the answer', 'true')
    .addHelpText(
      'after',
      `
Example:
  flotilla signal $RUN approval --data '{"granted": true}'`,
    );
  fleetOptions(command, 'print {"run": …, "path": …}').action(
    async (run: string, path: string, options: SignalOptions) => {
      const { parseJson } = await import('../input/json-value.ts');
      const { act } = await import('../operate/act.ts');
      const { resultOrRest } = await import('../../../shared/client/result-or-rest.ts');
      const value = parseJson(options.data, '--data');
      const answer = await act(options, terminal, [run], async ({ client, embedded }) => {
        const answered = await client.operation('run.signal', { run, path, value });
        // What goes on in this process ends with it.
        if (embedded) await resultOrRest(client, run, { timeoutMs: A_DAY_MS });
        return answered;
      });
      const { out } = terminal;
      out.print(options.json ? JSON.stringify(answer) : `Run ${run} has its answer at ${path}.`);
    },
  );
}
