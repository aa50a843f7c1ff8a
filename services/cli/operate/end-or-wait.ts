import { setTimeout as pause } from 'node:timers/promises';
import type { Client } from '../../../shared/client/client.ts';
import type { RunDetails } from '../../../shared/client/verbs.ts';

const LOOK_EVERY_MS = 50;

/** Resolves when a run has ended, or does nothing any more until somebody answers it. */
export async function endOrWait(run: string, client: Client): Promise<RunDetails> {
  for (;;) {
    const details = await client.operation('run.get', { run });
    const { open, held, waits } = details;
    const idle = open.length === 0 && held.every(({ looksAgainAt }) => looksAgainAt === null);
    if (details.run.finishedAt !== null || (idle && waits.length > 0)) return details;
    await pause(LOOK_EVERY_MS);
  }
}
