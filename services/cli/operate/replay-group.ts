import { setTimeout as pause } from 'node:timers/promises';
import type { Client } from '../../../shared/client/client.ts';
import { resultOrRest } from '../../../shared/client/result-or-rest.ts';
import type { LetterFilter, ReplayAnswer, ReplayStatus } from '../../../shared/client/verbs.ts';
import { FleetError } from '../../../shared/errors/errors.ts';
import { exitCode } from '../failure.ts';
import { countText } from '../terminal/duration.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { act } from './act.ts';
import type { FleetCommandOptions } from './options.ts';
import { read } from './read.ts';

const LOOK_EVERY_MS = 250;
/** Letters whose runs are looked at for the models they need. */
const MOST_LETTERS = 1_000;

type Group = Pick<LetterFilter, 'code' | 'model'>;

/**
 * Replays a group of letters. A fleet on a broker goes on with it by itself; in this process it is waited for, with the runs that
 * it makes. Answers the exit code.
 */
export async function replayGroup(
  filter: Group,
  perMinute: number,
  options: FleetCommandOptions,
  terminal: Terminal,
): Promise<number> {
  const open = { ...filter, status: 'open', kind: 'failed', limit: MOST_LETTERS } as const;
  const { letters } = await read('dead.list', open, options, terminal);
  const runs = [...new Set(letters.flatMap(({ run }) => run ?? []))];
  return act(options, terminal, runs, async ({ client, embedded }) => {
    const answer = (await client.operation('dead.replay', { filter, perMinute })) as ReplayAnswer;
    if (!embedded) return told(answer, options, terminal);
    const done = await untilDone(answer, client);
    for (const { id } of letters) await untilItsRunEndsOrRests(id, client);
    const { replayed, failed, lastFailure } = done;
    if (options.json) terminal.out.print(JSON.stringify(done));
    else terminal.out.print(`${countText(replayed, 'dead letter')} replayed.`);
    if (lastFailure === null) return exitCode.succeeded;
    terminal.err.print(
      `flotilla: ${failed} could not be replayed: ${lastFailure.message} (${lastFailure.code})`,
    );
    return exitCode.failed;
  });
}

function told(answer: ReplayAnswer, { json }: FleetCommandOptions, { out }: Terminal): number {
  const { letters, perMinute } = answer;
  const count = countText(letters, 'dead letter');
  const going = `${letters === 1 ? 'is' : 'are'} being replayed, ${perMinute} a minute`;
  const line =
    letters === 0
      ? 'There are no such dead letters.'
      : `${count} ${going}. See how far it is: flotilla dead ls`;
  out.print(json ? JSON.stringify(answer) : line);
  return exitCode.succeeded;
}

async function untilDone({ replay }: ReplayAnswer, client: Client): Promise<ReplayStatus> {
  for (;;) {
    const { replays } = await client.operation('dead.list', { limit: 1 });
    const plan = replays.find((one) => one.replay === replay);
    if (plan === undefined) throw new FleetError('replay_unknown', 'The replay is not known.');
    if (plan.done) return plan;
    await pause(LOOK_EVERY_MS);
  }
}

async function untilItsRunEndsOrRests(letter: string, client: Client): Promise<void> {
  const { trace } = (await client.operation('dead.show', { id: letter })).letter;
  const run = trace.at(-1)?.['run'];
  if (typeof run === 'string') await resultOrRest(client, run);
}
