import type { Command } from 'commander';
import { type FleetCommandOptions, fleetOptions } from '../operate/options.ts';
import type { Terminal } from '../terminal/terminal.ts';

const uuid = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/;

/** `flotilla show`: one run, with its timeline. */
export function addShow(program: Command, terminal: Terminal): void {
  const command = program
    .command('show')
    .summary('show a run: its timeline, who served each step, what it cost')
    .description('Shows a run: how it ended, who served each step at what cost, its timeline.')
    .argument('<id>', 'id of the run, or of a job of yours');
  fleetOptions(command, 'print all that is known as one JSON object').action(
    async (id: string, options: FleetCommandOptions) => {
      const { read } = await import('../operate/read.ts');
      const { runDetailsLines } = await import('../terminal/run-details-lines.ts');
      const args = uuid.test(id) ? { run: id } : { job: id };
      const details = await read('run.get', args, options, terminal);
      const { out } = terminal;
      if (options.json) out.print(JSON.stringify(details));
      else out.print(...runDetailsLines(details, out.screen));
    },
  );
}
