import { setTimeout as pause } from 'node:timers/promises';
import type { Result } from '../envelope/envelope.ts';
import { FleetError } from '../errors/errors.ts';
import type { Client } from './client.ts';
import type { WaitOptions } from './options.ts';
import type { RunDetails } from './verbs.ts';

/** How it went to wait for a run. */
export type Awaited =
  | { readonly name: 'ended'; readonly result: Result }
  /** It has no result until somebody does what `details.rests` names. */
  | { readonly name: 'rests'; readonly details: RunDetails };

const FIRST_LOOK_MS = 100;
const LONGEST_LOOK_MS = 2_000;

/**
 * Waits until a run has ended or rests: until nothing in it goes on by itself, because it waits for a person, for a model that
 * somebody stopped, or for more to spend. Throws as `Client.result` does.
 */
export async function resultOrRest(
  client: Pick<Client, 'result' | 'operation'>,
  run: string,
  wait: WaitOptions = {},
): Promise<Awaited> {
  const stopped = new AbortController();
  const result = client.result(run, wait);
  // It may be given up below, when it ends nobody listens any more.
  result.catch(() => {});
  const ended = result.then((result): Awaited => ({ name: 'ended', result }));
  try {
    return await Promise.race([ended, untilRest(client, run, stopped.signal)]);
  } finally {
    stopped.abort();
  }
}

/** Looks again and again, ever more seldom; never resolves when it is stopped first. Whoever does not answer is asked again. */
async function untilRest(
  client: Pick<Client, 'operation'>,
  run: string,
  signal: AbortSignal,
): Promise<Awaited> {
  for (let waitMs = FIRST_LOOK_MS; ; waitMs = Math.min(waitMs * 2, LONGEST_LOOK_MS)) {
    await pause(waitMs, undefined, { ref: false });
    if (signal.aborted) return new Promise(() => {});
    const details = await look(client, run);
    if (details !== undefined && details.rests.length > 0) return { name: 'rests', details };
  }
}

async function look(
  client: Pick<Client, 'operation'>,
  run: string,
): Promise<RunDetails | undefined> {
  try {
    return await client.operation('run.get', { run });
  } catch (error) {
    if (error instanceof FleetError) return undefined;
    throw error;
  }
}
