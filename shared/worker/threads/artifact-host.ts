import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import type { PutOptions } from '../../artifacts/artifact-store.ts';
import type { ArtifactMarker } from '../../artifacts/reference.ts';
import type { CallArtifacts } from '../call-artifacts.ts';

/** What a thread asks of its call's artifacts. Streams cross piece by piece, each asked for: no side runs ahead of the other. */
export type ArtifactAsk =
  /** Answer: all bytes. */
  | { readonly verb: 'bytes'; readonly artifact: ArtifactMarker; readonly maxBytes: number }
  /** Answer: the number of a stream. */
  | { readonly verb: 'open'; readonly artifact: ArtifactMarker }
  /** Answer: the next piece; null at the end. */
  | { readonly verb: 'next'; readonly stream: number }
  | { readonly verb: 'close'; readonly stream: number }
  /** Answer: the number of an upload. */
  | { readonly verb: 'put'; readonly options: PutOptions }
  /** Answered when another piece may come. */
  | { readonly verb: 'write'; readonly upload: number; readonly piece: Uint8Array }
  /** Answer: the marker. */
  | { readonly verb: 'end'; readonly upload: number }
  /** The source of the upload failed. */
  | { readonly verb: 'give up'; readonly upload: number };

interface Upload {
  readonly pieces: PassThrough;
  readonly done: Promise<ArtifactMarker>;
}

/** The worker's side of the artifacts of a call that runs in a thread. */
export class ArtifactHost {
  readonly #artifacts: CallArtifacts;
  readonly #streams = new Map<number, AsyncIterator<Uint8Array>>();
  readonly #uploads = new Map<number, Upload>();
  #last = 0;

  constructor(artifacts: CallArtifacts) {
    this.#artifacts = artifacts;
  }

  /** Throws what the call's artifacts throw. */
  async answer(ask: ArtifactAsk): Promise<unknown> {
    switch (ask.verb) {
      case 'bytes':
        return await this.#artifacts.bytes(ask.artifact, ask.maxBytes);
      case 'open': {
        const stream = await this.#artifacts.open(ask.artifact);
        return this.#numbered(this.#streams, stream[Symbol.asyncIterator]());
      }
      case 'next': {
        const next = await this.#streams.get(ask.stream)?.next();
        return next === undefined || next.done ? null : next.value;
      }
      case 'close':
        await this.#streams.get(ask.stream)?.return?.();
        return this.#streams.delete(ask.stream);
      case 'put':
        return this.#numbered(this.#uploads, this.#upload(ask.options));
      case 'write':
        return await written(this.#uploads.get(ask.upload), ask.piece);
      case 'end':
        this.#uploads.get(ask.upload)?.pieces.end();
        return await this.#uploads.get(ask.upload)?.done;
      case 'give up':
        return this.#uploads.get(ask.upload)?.pieces.destroy(new Error('The source failed.'));
    }
  }

  /** The call is over: what it left open is closed. */
  close(): void {
    for (const stream of this.#streams.values()) void stream.return?.();
    for (const { pieces } of this.#uploads.values()) pieces.destroy();
  }

  #upload(options: PutOptions): Upload {
    const pieces = new PassThrough();
    pieces.on('error', () => {});
    const done = this.#artifacts.put(pieces, options);
    // A store that takes no more stops reading: whoever writes hears of it by this.
    done.catch(() => pieces.destroy());
    return { pieces, done };
  }

  #numbered<T>(map: Map<number, T>, value: T): number {
    this.#last += 1;
    map.set(this.#last, value);
    return this.#last;
  }
}

async function written(upload: Upload | undefined, piece: Uint8Array): Promise<void> {
  if (upload === undefined || upload.pieces.write(piece)) return;
  const drained = once(upload.pieces, 'drain');
  drained.catch(() => {});
  await Promise.race([drained, upload.done]);
}
