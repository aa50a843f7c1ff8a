import type { Command } from 'commander';
import { budgetHelp, budgetOption } from '../input/budget.ts';
import type { GoOnOptions } from '../operate/go-on.ts';
import { fleetOptions } from '../operate/options.ts';
import type { Terminal } from '../terminal/terminal.ts';

interface RerunOptions extends GoOnOptions {
  readonly from: string;
  readonly input?: string;
  readonly budget?: string;
}

/** `flotilla rerun`: makes a step of a run, and all behind it, again. */
export function addRerun(program: Command, terminal: Terminal): void {
  const command = program
    .command('rerun')
    .summary('make a step of a run again, and all that comes after it')
    .description('Makes a step of a run again, and all that comes after it, as a new run.')
    .argument('<run>', 'id of the run')
    .requiredOption('--from <step>', 'path of the first step that is made again')
    .option('--input <json>', 'what that step is asked instead')
    .option('--budget <amounts>', `what the new run may use, ${budgetHelp}`)
    .option('--no-wait', 'with a broker: do not wait for the result');
  fleetOptions(command, 'print what is saved and the result as one JSON object').action(
    async (run: string, options: RerunOptions) => {
      const { parseJsonObject } = await import('../input/json-value.ts');
      const { goOn } = await import('../operate/go-on.ts');
      const { from, input } = options;
      const asked = {
        ...(input === undefined ? {} : { input: parseJsonObject(input, '--input') }),
        ...budgetOption(options.budget),
      };
      process.exitCode = await goOn('run.rerun', { run, from, ...asked }, options, terminal);
    },
  );
}
