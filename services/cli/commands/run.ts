import type { Command } from 'commander';
import { budgetHelp, budgetOption } from '../input/budget.ts';
import type { JobOptions } from '../input/job-payload.ts';
import { priorityHelp, priorityOption } from '../input/priority.ts';
import { defaultDatabase, whereOf } from '../operate/options.ts';
import type { Terminal } from '../terminal/terminal.ts';

interface RunOptions extends JobOptions {
  readonly out?: string;
  readonly json?: boolean;
  readonly db: string;
  readonly broker?: string;
  readonly timeout?: string;
  readonly budget?: string;
  readonly priority?: string;
}

/** `flotilla run`: one job, in this process or on a running fleet. */
export function addRun(program: Command, terminal: Terminal): void {
  program
    .command('run')
    .summary('run one job and print its result')
    .description(
      'Runs one job and prints its result. The fleet it needs runs in this process, and only the ' +
        'models of the flow are loaded; with a broker, a running fleet does the work.',
    )
    .argument('<flow>', 'name of a flow, or a flow file')
    .argument('[text]', 'the text of the job')
    .option('--text <text>', 'the text of the job')
    .option('--image <file>', 'an image for the job')
    .option('--payload <file>', 'the payload as JSON; - reads standard input')
    .option('--json', 'print the result envelope, and nothing else, on standard output')
    .option('--out <file>', 'also write the output: an artifact as its bytes, else JSON')
    .option('--timeout <duration>', 'longest time the job may take, such as 30s or 5m')
    .option('--budget <amounts>', `what the run may use at most, ${budgetHelp}`)
    .option('--priority <word>', priorityHelp)
    .option('--db <file>', 'where runs are kept', defaultDatabase)
    .option('--broker <url>', 'use the fleet on this broker (default: AMQP_URL)')
    .addHelpText(
      'after',
      `
Examples:
  flotilla run support "How do I reset my password?"
  flotilla run receipt --image receipt.png --json
  echo '{"text": "…"}' | flotilla run review --payload -

Exit code: 0 when the run succeeded, 1 when it failed, 2 for wrong usage,
3 when it rests: for a person, a paused model or a larger budget.`,
    )
    .action(async (flow: string, text: string | undefined, options: RunOptions) => {
      const { jobPayload } = await import('../input/job-payload.ts');
      const { parseDuration } = await import('../input/duration.ts');
      const { brokerOf } = await import('../input/broker-url.ts');
      const { showAwaited } = await import('../run/show-awaited.ts');
      const broker = brokerOf(options.broker, terminal.env);
      const job = {
        flow,
        ...(await jobPayload(text, options)),
        ...(options.out === undefined ? {} : { out: options.out }),
        ...budgetOption(options.budget),
        ...priorityOption(options.priority),
        ...(options.timeout === undefined ? {} : { timeoutMs: parseDuration(options.timeout) }),
      };
      const awaited =
        broker === undefined
          ? await (await import('../run/embedded.ts')).runEmbedded(job, options.db, terminal)
          : await (await import('../run/on-broker.ts')).runOnBroker(job, broker, terminal);
      const show = { json: options.json === true, where: whereOf(options) };
      process.exitCode = showAwaited(awaited, show, terminal);
    });
}
