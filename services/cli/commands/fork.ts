import type { Command } from 'commander';
import type { GoOnOptions } from '../operate/go-on.ts';
import { fleetOptions } from '../operate/options.ts';
import type { Terminal } from '../terminal/terminal.ts';

interface ForkOptions extends GoOnOptions {
  readonly from: string;
  readonly flowVersion?: string;
}

/** `flotilla fork`: goes on from a step under another version of the flow. */
export function addFork(program: Command, terminal: Terminal): void {
  const command = program
    .command('fork')
    .summary('go on from a step of a run under another version of its flow')
    .description('Makes a new run that goes on from a step, under another version of the flow.')
    .argument('<run>', 'id of the run')
    .requiredOption('--from <step>', 'path of the first step that is made again')
    .option('--flow-version <number>', 'the version (default: that of the run)')
    .option('--no-wait', 'with a broker: do not wait for the result');
  fleetOptions(command, 'print what is saved and the result as one JSON object').action(
    async (run: string, options: ForkOptions) => {
      const { parseCount } = await import('../input/whole-number.ts');
      const { goOn } = await import('../operate/go-on.ts');
      const { from, flowVersion } = options;
      const version =
        flowVersion === undefined ? {} : { flowVersion: parseCount(flowVersion, '--flow-version') };
      process.exitCode = await goOn('run.fork', { run, from, ...version }, options, terminal);
    },
  );
}
