import type { Client } from '../../shared/client/client.ts';
import type { LetterDetails, LetterSummary } from '../../shared/client/verbs.ts';
import { chainFlow } from './chain-flow.ts';
import { eventually } from './eventually.ts';
import { InProcessFleet, marks } from './in-process-fleet.ts';
import type { ScriptedWorker } from './scripted-worker.ts';

/** A chain of two that fails at its second step for the texts that a test names, and what the operator `ann` sees of it. */
export interface FailingChain {
  readonly fleet: InProcessFleet;
  readonly client: Client;
  /** Texts that the second model refuses. */
  readonly hard: Set<string>;
  readonly workers: readonly ScriptedWorker[];
  /** Starts a coordinator. */
  coordinate(): Promise<{ stop(): Promise<void> }>;
  /** Runs that fail, one after the other, and their letters, newest first. */
  failed(...texts: string[]): Promise<{
    readonly runs: readonly string[];
    readonly letters: readonly LetterSummary[];
    readonly ids: readonly string[];
  }>;
  letter(id: string): Promise<LetterDetails>;
}

export async function failingChain(): Promise<FailingChain> {
  const fleet = new InProcessFleet();
  const client = await fleet.client('ann');
  const hard = new Set<string>();
  const workers = [
    await fleet.worker('one', marks('1')),
    await fleet.worker('two', ({ payload }) =>
      hard.has(String(payload['text'])) ? { fail: 'too_hard' } : { text: `${payload['text']}2` },
    ),
  ];
  return {
    fleet,
    client,
    hard,
    workers,
    coordinate: () => fleet.coordinator([chainFlow(['one', 'two'])]),
    async failed(...texts) {
      for (const text of texts) hard.add(`${text}1`);
      const runs: string[] = [];
      for (const text of texts) runs.push((await client.run('chain', { text })).run.id);
      const letters = await eventually(async () => {
        const found = await client.operation('dead.list', {});
        return found.letters.length === texts.length && found.letters;
      });
      return { runs, letters, ids: letters.map(({ id }) => id) };
    },
    letter: async (id) => (await client.operation('dead.show', { id })).letter,
  };
}
