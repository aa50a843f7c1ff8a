import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { withoutMetadata } from '../image/without-metadata.ts';
import { artifactCorrupt, artifactTooLarge } from './artifact-errors.ts';
import type { ByteSource } from './artifact-store.ts';
import { attended, type Patience } from './attended.ts';
import { inspected } from './inspected.ts';
import type { ArtifactReference } from './reference.ts';

/** A source on its way into a store: `facts` is of the pieces, and right once they have ended. */
export interface Measured {
  readonly pieces: AsyncGenerator<Uint8Array>;
  facts(): { readonly sha256: string; readonly bytes: number };
}

export interface MeasureOptions {
  readonly mediaType: string;
  readonly maxBytes: number;
  readonly signal: AbortSignal;
  /** Hears of a failure of the pieces first: whoever sends them on may wrap it. */
  readonly onFailure?: (error: unknown) => void;
}

/**
 * Inspects what passes, takes away what an image says beside its pixels, and counts and hashes what is left. The pieces end with `artifact_too_large` above the cap, with the signal's reason, with
 * what `inspected` throws, or with what the source threw.
 */
export function measured(
  source: ByteSource,
  { mediaType, maxBytes, signal, onFailure }: MeasureOptions,
): Measured {
  const hash = createHash('sha256');
  let bytes = 0;
  async function* pass(): AsyncGenerator<Uint8Array> {
    try {
      const whole = inspected(bounded(source, maxBytes, signal), mediaType);
      for await (const piece of withoutMetadata(whole, mediaType)) {
        bytes += piece.length;
        hash.update(piece);
        yield piece;
      }
    } catch (error) {
      onFailure?.(error);
      throw error;
    }
  }
  return { pieces: pass(), facts: () => ({ sha256: hash.digest('hex'), bytes }) };
}

async function* bounded(
  source: ByteSource,
  maxBytes: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  const pieces = source instanceof Uint8Array ? Readable.from([source]) : source;
  for await (const piece of attended(pieces, signal)) {
    bytes += piece.length;
    if (bytes > maxBytes) throw artifactTooLarge(maxBytes);
    yield piece;
  }
  signal.throwIfAborted();
}

export interface VerifyOptions {
  readonly signal: AbortSignal;
  readonly patience?: Patience;
  /** The store's word for what its own stream failed with. */
  readonly explain: (error: unknown) => unknown;
}

/**
 * What a store gives out, checked and inspected: the last piece is kept back until size and hash are those of the reference, so that nobody
 * ever holds a whole artifact that is wrong. Fails with `artifact_corrupt`, at the first byte too many.
 */
export function verified(
  body: Readable,
  reference: ArtifactReference,
  { signal, patience, explain }: VerifyOptions,
): Readable {
  async function* told(): AsyncGenerator<Uint8Array> {
    try {
      yield* attended(body, signal, patience);
    } catch (error) {
      throw signal.aborted ? signal.reason : explain(error);
    }
  }
  const pieces = inspected(held(told(), reference), reference.mediaType);
  const checked = Readable.from(pieces, { objectMode: false });
  // A stream that nobody began to read ends its source too.
  checked.once('close', () => body.destroy());
  body.on('error', () => {});
  return checked;
}

async function* held(
  pieces: AsyncIterable<Uint8Array>,
  reference: ArtifactReference,
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  let bytes = 0;
  let last: Uint8Array | undefined;
  for await (const piece of pieces) {
    bytes += piece.length;
    if (bytes > reference.bytes) {
      throw artifactCorrupt(reference, `has more than ${reference.bytes} bytes`);
    }
    hash.update(piece);
    if (last !== undefined) yield last;
    last = piece;
  }
  if (bytes !== reference.bytes) {
    throw artifactCorrupt(reference, `has ${bytes} bytes instead of ${reference.bytes}`);
  }
  if (hash.digest('hex') !== reference.sha256) throw artifactCorrupt(reference, 'has another hash');
  if (last !== undefined) yield last;
}
