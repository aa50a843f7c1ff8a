import type { Command } from 'commander';
import type { Verbs } from '../../../shared/client/verbs.ts';
import { type FleetCommandOptions, fleetOptions } from '../operate/options.ts';
import type { Terminal } from '../terminal/terminal.ts';

interface DeadLsOptions extends FleetCommandOptions {
  readonly status: string;
  readonly kind?: string;
  readonly code?: string;
  readonly model?: string;
  readonly group?: boolean;
  readonly limit: string;
  readonly before?: string;
}

/** `flotilla dead ls`: dead letters, one by one or counted by their cause. */
export function addDeadLs(dead: Command, terminal: Terminal): void {
  const command = dead
    .command('ls')
    .description('list dead letters, newest first, or count them by their cause')
    .option('--status <status>', 'open, replayed, dropped or all', 'open')
    .option('--kind <kind>', 'failed or unprocessable')
    .option('--code <code>', 'only with this code')
    .option('--model <name>', 'only of this model')
    .option('--group', 'count them by kind, code and model')
    .option('--limit <count>', 'how many', '20')
    .option('--before <letter>', 'go on after this letter');
  fleetOptions(command, 'print {"letters": …, "groups": …, "replays": …}').action(
    async (options: DeadLsOptions) => {
      const { parseCount } = await import('../input/whole-number.ts');
      const { read } = await import('../operate/read.ts');
      const { status, kind, code, model, group, before } = options;
      const given = { status: status === 'all' ? undefined : status, kind, code, model, before };
      const args = {
        ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
        limit: parseCount(options.limit, '--limit'),
        ...(group ? { group } : {}),
      };
      const answer = await read('dead.list', args, options, terminal);
      if (options.json) terminal.out.print(JSON.stringify(answer));
      else await print(answer, terminal);
    },
  );
}

async function print(answer: Verbs['dead.list']['answer'], { out, err }: Terminal): Promise<void> {
  const { letterGroupLines, letterListLines, replayLines } = await import(
    '../terminal/letter-lines.ts'
  );
  const { letters, groups, next, replays } = answer;
  out.print(...replayLines(replays, out.screen));
  if (letters.length + groups.length === 0) out.print('There are no such dead letters.');
  out.print(...letterGroupLines(groups, out.screen));
  out.print(...letterListLines(letters, out.screen, Date.now()));
  if (next !== null) err.print(`There are more: add --before ${next}`);
}
