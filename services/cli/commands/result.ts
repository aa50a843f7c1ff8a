import type { Command } from 'commander';
import { requiredBroker } from '../input/broker-url.ts';
import { whereOf } from '../operate/options.ts';
import type { Terminal } from '../terminal/terminal.ts';

interface ResultOptions {
  readonly broker?: string;
  readonly timeout: string;
  readonly json?: boolean;
  readonly links?: string;
  readonly out?: string;
}

/** `flotilla result`: waits for a run on a running fleet and prints its result. */
export function addResult(program: Command, terminal: Terminal): void {
  program
    .command('result')
    .summary('wait for the result of a submitted job')
    .description('Waits for a run on the fleet behind a broker and prints its result.')
    .argument('<id>', 'id of the run, or of the job')
    .option('--timeout <duration>', 'how long to wait, such as 30s or 5m', '5m')
    .option('--out <file>', 'also write the output: an artifact as its bytes, else JSON')
    .option('--links <duration>', 'also lend an address for each artifact, for at most 1h')
    .option('--broker <url>', 'the broker of the fleet (default: AMQP_URL)')
    .option('--json', 'print the result envelope, and nothing else, on standard output')
    .action(async (id: string, options: ResultOptions) => {
      const { parseDuration } = await import('../input/duration.ts');
      const broker = requiredBroker(options.broker, terminal.env);
      const timeoutMs = parseDuration(options.timeout);
      const { withClient } = await import('../run/on-broker.ts');
      const { saveOutput } = await import('../run/save-output.ts');
      const { showAwaited } = await import('../run/show-awaited.ts');
      const { resultOrRest } = await import('../../../shared/client/result-or-rest.ts');
      const { out } = options;
      const awaited = await withClient(broker, terminal, async (client) => {
        const ended = await resultOrRest(client, id, { timeoutMs });
        if (out !== undefined) await saveOutput(ended, out, client);
        return ended;
      });
      const { linksOf } = await import('../run/artifact-links.ts');
      const lent = options.links === undefined ? undefined : parseDuration(options.links);
      const links = await linksOf(awaited, lent, broker.url, terminal.env);
      const show = { json: options.json === true, where: whereOf(options) };
      process.exitCode = showAwaited(awaited, show, terminal);
      // Standard output holds the envelope alone.
      (show.json ? terminal.err : terminal.out).print(...links);
    });
}
