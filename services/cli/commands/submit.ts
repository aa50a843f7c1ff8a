import type { Command } from 'commander';
import { requiredBroker } from '../input/broker-url.ts';
import { budgetHelp, budgetOption } from '../input/budget.ts';
import type { JobOptions } from '../input/job-payload.ts';
import { priorityHelp, priorityOption } from '../input/priority.ts';
import type { Terminal } from '../terminal/terminal.ts';

interface SubmitCommandOptions extends JobOptions {
  readonly broker?: string;
  readonly timeout?: string;
  readonly budget?: string;
  readonly priority?: string;
  readonly id?: string;
  readonly json?: boolean;
}

/** `flotilla submit`: hands a job to a running fleet and does not wait. */
export function addSubmit(program: Command, terminal: Terminal): void {
  program
    .command('submit')
    .summary('hand a job to a running fleet, without waiting')
    .description(
      'Hands a job to the fleet on a broker and prints its run id; ask for the result later.',
    )
    .argument('<flow>', 'name of a flow')
    .argument('[text]', 'the text of the job')
    .option('--text <text>', 'the text of the job')
    .option('--image <file>', 'an image for the job')
    .option('--payload <file>', 'the payload as JSON; - reads standard input')
    .option('--id <id>', 'the id of the job; the same job again is the same run')
    .option('--timeout <duration>', 'longest time the run may take, such as 30s or 5m')
    .option('--budget <amounts>', `what the run may use at most, ${budgetHelp}`)
    .option('--priority <word>', priorityHelp)
    .option('--broker <url>', 'the broker of the fleet (default: AMQP_URL)')
    .option('--json', 'print {"id": …, "run": …}')
    .addHelpText(
      'after',
      `
Example:
  flotilla result $(flotilla submit support "Hello?" --broker amqp://localhost)`,
    )
    .action(async (flow: string, text: string | undefined, options: SubmitCommandOptions) => {
      const { jobPayload } = await import('../input/job-payload.ts');
      const { parseDuration } = await import('../input/duration.ts');
      const broker = requiredBroker(options.broker, terminal.env);
      const { payload, files } = await jobPayload(text, options);
      const { id, timeout } = options;
      const wishes = { ...budgetOption(options.budget), ...priorityOption(options.priority) };
      const deadlineMs = timeout === undefined ? undefined : parseDuration(timeout);
      const { withClient } = await import('../run/on-broker.ts');
      const submitted = await withClient(broker, terminal, (client) =>
        client.submit(flow, payload, {
          files,
          ...(id === undefined ? {} : { id }),
          ...wishes,
          ...(deadlineMs === undefined ? {} : { deadlineMs }),
        }),
      );
      terminal.out.print(options.json ? JSON.stringify(submitted) : submitted.run);
    });
}
