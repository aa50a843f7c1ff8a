import type { Command } from 'commander';
import type { BudgetChange } from '../../../shared/client/verbs.ts';
import type { GoOnOptions } from '../operate/go-on.ts';
import { fleetOptions } from '../operate/options.ts';
import type { Terminal } from '../terminal/terminal.ts';

interface ResumeOptions extends GoOnOptions {
  readonly calls?: string;
  readonly usd?: string;
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
    .option('--calls <count>', 'let its budget allow so many model calls')
    .option('--usd <amount>', 'let its budget allow so much money, such as 0.05')
    .option('--no-wait', 'with a broker: do not wait for the result');
  fleetOptions(command, 'print what is saved and the result as one JSON object').action(
    async (run: string, options: ResumeOptions) => {
      const { goOn } = await import('../operate/go-on.ts');
      const budget = await budgetOf(options);
      const args = Object.keys(budget).length === 0 ? { run } : { run, budget };
      process.exitCode = await goOn('run.resume', args, options, terminal);
    },
  );
}

async function budgetOf({ calls, usd }: ResumeOptions): Promise<BudgetChange> {
  const { parseCount } = await import('../input/whole-number.ts');
  const { parseMicroUsd } = await import('../input/money.ts');
  return {
    ...(calls === undefined ? {} : { calls: parseCount(calls, '--calls') }),
    ...(usd === undefined ? {} : { microUsd: parseMicroUsd(usd, '--usd') }),
  };
}
