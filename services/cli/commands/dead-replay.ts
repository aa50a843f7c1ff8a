import type { Command } from 'commander';
import type { ContinuedRunAnswer } from '../../../shared/client/verbs.ts';
import type { GoOnOptions } from '../operate/go-on.ts';
import { type GroupOptions, lettersMeant } from '../operate/letter-filter.ts';
import { fleetOptions } from '../operate/options.ts';
import type { Terminal } from '../terminal/terminal.ts';

interface DeadReplayOptions extends GroupOptions, GoOnOptions {
  readonly rate: string;
}

/** `flotilla dead replay`: lets the runs of letters go on from their steps. */
export function addDeadReplay(dead: Command, terminal: Terminal): void {
  const command = dead
    .command('replay')
    .description('let the run of a letter, or those of a group, go on from there')
    .argument('[letter]', 'id of the dead letter')
    .option('--code <code>', 'all that are open with this code')
    .option('--model <name>', 'all that are open of this model')
    .option('--all', 'all that are open')
    .option('--rate <count>', 'a group: so many a minute', '60')
    .option('--no-wait', 'one letter, with a broker: do not wait for the result');
  fleetOptions(command, 'print the answer as one JSON object').action(
    async (id: string | undefined, options: DeadReplayOptions) => {
      const meant = lettersMeant(id, options);
      if ('id' in meant) {
        process.exitCode = await replayOne(meant.id, options, terminal);
        return;
      }
      const { parseCount } = await import('../input/whole-number.ts');
      const { replayGroup } = await import('../operate/replay-group.ts');
      const perMinute = parseCount(options.rate, '--rate');
      process.exitCode = await replayGroup(meant.filter, perMinute, options, terminal);
    },
  );
}

async function replayOne(
  id: string,
  options: DeadReplayOptions,
  terminal: Terminal,
): Promise<number> {
  const { act } = await import('../operate/act.ts');
  const { read } = await import('../operate/read.ts');
  const { showContinued } = await import('../operate/go-on.ts');
  const { letter } = await read('dead.show', { id }, options, terminal);
  const runs = letter.run === null ? [] : [letter.run];
  return act(options, terminal, runs, async ({ client, embedded }) => {
    const answer = await client.operation('dead.replay', { id });
    const waiting = { client, wait: embedded || options.wait };
    return showContinued(answer as ContinuedRunAnswer, waiting, options, terminal);
  });
}
