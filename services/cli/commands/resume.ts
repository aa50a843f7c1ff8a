import type { Command } from 'commander';
import { budgetHelp, budgetOption } from '../input/budget.ts';
import type { GoOnOptions } from '../operate/go-on.ts';
import { fleetOptions } from '../operate/options.ts';
import type { Terminal } from '../terminal/terminal.ts';

interface ResumeOptions extends GoOnOptions {
  readonly budget?: string;
}

/** `flotilla resume`: lets a failed run go on. */
export function addResume(program: Command, terminal: Terminal): void {
  const command = program
    .command('resume')
    .summary('let a run go on that failed, or that its budget stopped')
    .description(
      'Lets a run go on from the step that failed, as a new run: what is there already is not ' +
        'paid for again. A run that its budget holds back goes on itself.',
    )
    .argument('<run>', 'id of the run')
    .option('--budget <amounts>', `what it may use from now on, ${budgetHelp}`)
    .option('--no-wait', 'with a broker: do not wait for the result');
  fleetOptions(command, 'print what is saved and the result as one JSON object').action(
    async (run: string, options: ResumeOptions) => {
      const { goOn } = await import('../operate/go-on.ts');
      const args = { run, ...budgetOption(options.budget) };
      process.exitCode = await goOn('run.resume', args, options, terminal);
    },
  );
}
