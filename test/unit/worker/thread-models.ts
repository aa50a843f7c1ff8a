import { threadId } from 'node:worker_threads';
import { z } from 'zod';
import { type ArtifactMarker, artifactMarkerSchema } from '../../../shared/artifacts/reference.ts';
import { TransientError } from '../../../shared/errors/errors.ts';
import { echo } from './harness.ts';

/** Models that run in worker threads; the threads import this module. */

const inThreads = { threads: import.meta.url, concurrency: 2 };

/** Reports everything a model can report, then says in which thread it ran. */
export const reporting = echo({
  ...inThreads,
  version: 1,
  load: () => 'loaded in its thread',
  run(_input, call, loaded) {
    call.usage({ inputTokens: 2, microUsd: 7 });
    call.usage({ inputTokens: 3 });
    call.patch('language', 'en');
    call.emit({ page: 1 });
    call.log.info({ page: 1, reason: new Error('in a field') }, 'page read');
    call.log.info({ input: call.provenance?.input }, 'whose it is');
    return { text: `${loaded}, ${threadId === 0 ? 'no thread' : 'a thread'}` };
  },
});

/** Never looks up from its work. */
export const busy = echo({
  ...inThreads,
  version: 2,
  concurrency: 1,
  run(input, call) {
    call.usage({ outputTokens: 5 });
    const endMs = Date.now() + (input['text'] === 'forever' ? 60_000 : 0);
    while (Date.now() < endMs);
    return input;
  },
});

/** Stops when it is told to, and says so. */
export const heeding = echo({
  ...inThreads,
  version: 3,
  run: (input, { signal, log }) =>
    new Promise((resolve) => {
      log.info({}, 'begun');
      if (input['text'] === 'quick') return resolve(input);
      signal.addEventListener('abort', () => {
        log.info({ reason: signal.reason.code }, 'heeded');
        resolve(input);
      });
    }),
});

export const failing = echo({
  ...inThreads,
  version: 4,
  run(input) {
    if (input['text'] === 'crash') process.exit(3);
    throw new TransientError('engine_busy', 'Later.', { retryAfterMs: 50 });
  },
});

export const unloadable = echo({
  ...inThreads,
  version: 5,
  load: () => Promise.reject(new Error('no weights')),
});

/** Reads an artifact in pieces and whole, and writes another one of it in pieces. */
export const copying = echo({
  ...inThreads,
  version: 7,
  input: z.object({ text: artifactMarkerSchema }) as never,
  output: z.object({ text: artifactMarkerSchema }) as never,
  references: ['text'],
  async run(input, { artifacts }) {
    const artifact = input['text'] as ArtifactMarker;
    async function* pieces() {
      yield* await artifacts.open(artifact);
      yield Buffer.from(`${(await artifacts.bytes(artifact, 1_000_000)).length}`);
    }
    return { text: await artifacts.put(pieces(), { mediaType: 'text/plain' }) };
  },
});
