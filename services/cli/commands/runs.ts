import type { Command } from 'commander';
import type { Verbs } from '../../../shared/client/verbs.ts';
import { type FleetCommandOptions, fleetOptions } from '../operate/options.ts';
import type { Terminal } from '../terminal/terminal.ts';

interface RunsOptions extends FleetCommandOptions {
  readonly status?: string;
  readonly flow?: string;
  readonly limit: string;
  readonly before?: string;
}

/** `flotilla runs`: the runs of a fleet, newest first. */
export function addRuns(program: Command, terminal: Terminal): void {
  const command = program
    .command('runs')
    .summary('list runs, newest first')
    .description('Lists runs, newest first, and why each that did not succeed ended.')
    .option('--status <status>', 'only these: running, succeeded, failed, cancelled, timed_out')
    .option('--flow <name>', 'only runs of this flow')
    .option('--limit <count>', 'how many', '20')
    .option('--before <run>', 'go on after this run');
  fleetOptions(command, 'print {"runs": [...], "next": ...}').action(
    async (options: RunsOptions) => {
      const { parseCount } = await import('../input/whole-number.ts');
      const { read } = await import('../operate/read.ts');
      const { runListLines } = await import('../terminal/run-list-lines.ts');
      const { status, flow, before } = options;
      const args = {
        limit: parseCount(options.limit, '--limit'),
        ...(status === undefined ? {} : { status }),
        ...(flow === undefined ? {} : { flow }),
        ...(before === undefined ? {} : { before }),
      };
      const page = await read('run.list', args as Verbs['run.list']['args'], options, terminal);
      const { out, err } = terminal;
      if (options.json) return out.print(JSON.stringify(page));
      if (page.runs.length === 0) return out.print('There are no such runs.');
      out.print(...runListLines(page.runs, out.screen, Date.now()));
      if (page.next !== null) err.print(`There are more: add --before ${page.next}`);
    },
  );
}
