import { Readable } from 'node:stream';

/** How long to wait for a next piece, and what to say then. */
export interface Patience {
  readonly silenceMs: number;
  readonly onSilence: () => Error;
}

/**
 * Passes a stream on and gives up waiting for its next piece when the signal fires (with the signal's reason), or after a
 * silence. However it ends, the stream is told to end too; it is not waited for, as it may never answer.
 */
export async function* attended(
  pieces: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
  patience?: Patience,
): AsyncGenerator<Uint8Array> {
  const iterator = pieces[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await nextOf(iterator, signal, patience);
      if (next.done) return;
      yield next.value;
    }
  } finally {
    iterator.return?.()?.catch(() => {});
    // Its iterator would end a stream only after the piece that it waits for.
    if (pieces instanceof Readable) pieces.destroy();
  }
}

function nextOf(
  iterator: AsyncIterator<Uint8Array>,
  signal: AbortSignal,
  patience: Patience | undefined,
): Promise<IteratorResult<Uint8Array>> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const timer =
      patience && setTimeout(() => settle(() => reject(patience.onSilence())), patience.silenceMs);
    const onAbort = () => settle(() => reject(signal.reason));
    const settle = (how: () => void) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      how();
    };
    signal.addEventListener('abort', onAbort);
    iterator.next().then(
      (next) => settle(() => resolve(next)),
      (error: unknown) => settle(() => reject(error)),
    );
  });
}
