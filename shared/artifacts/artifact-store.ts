import type { Readable } from 'node:stream';
import type { ArtifactReference } from './reference.ts';

/**
 * The port to where large values lie. One conformance suite holds every implementation
 * (`test/contract/artifact-store.contract.ts`). Bytes go through in pieces: an artifact is never whole in memory.
 */
export interface ArtifactStore {
  /** Stands in the references it makes, and is the only one it opens. */
  readonly name: string;

  /** The most bytes that one artifact may have here. */
  readonly maxBytes: number;

  /**
   * Stores bytes under a key of `mintKey`, which also says when they expire. They are there, whole and durable, when this
   * resolves, and not to be seen before. The same key again replaces what was there. What a PNG or JPEG says beside its pixels is
   * not stored (`withoutMetadata`), so the reference is of fewer bytes than the source. Throws TransientError
   * `artifact_unavailable`, PermanentError `artifact_too_large`, ContractError `bad_artifact_key` or
   * `bad_media_type`, the signal's reason, what the source threw, or, for bytes that are not what their media type says or that
   * nobody here should touch, PermanentError `media_mismatch`, `archive_refused`, `image_invalid`, `image_too_large`.
   */
  put(
    key: string,
    source: ByteSource,
    options: PutOptions,
    signal: AbortSignal,
  ): Promise<ArtifactReference>;

  /**
   * The bytes of a reference, checked on the way: the last piece comes only when size and hash are right, otherwise the
   * stream fails. So act on nothing before its end. The beginning is inspected as by `put`. Throws, or fails the stream with,
   * PermanentError `artifact_missing`, `artifact_corrupt` or one of those that `put` throws for bytes, TransientError
   * `artifact_unavailable`, ContractError `bad_artifact_key` or `artifact_not_allowed` (a reference to another store), or the
   * signal's reason. A stream that is not read to its end has to be destroyed.
   */
  open(reference: ArtifactReference, signal: AbortSignal): Promise<Readable>;

  /** Deletes what is there of these keys; what is not there is no error. Throws `artifact_unavailable`. */
  delete(keys: readonly string[]): Promise<void>;

  /**
   * Artifacts whose key begins with a prefix (of whole segments, or ''), in the order of their keys. What in the store is not
   * named as `mintKey` does is not told. Throws `artifact_unavailable`.
   */
  list(prefix: string, cursor?: string): Promise<ArtifactPage>;

  /**
   * An address under which anybody can read the artifact for so long, at most an hour. Only where the store speaks HTTP, and
   * only for the edge: an address is never put into a message.
   */
  presign?(reference: ArtifactReference, seconds: number): Promise<string>;

  close(): Promise<void>;
}

/** A store, and what a process puts there. */
export interface Artifacts {
  readonly store: ArtifactStore;
  /** Values of more bytes as JSON leave their message. */
  readonly thresholdBytes: number;
  /** How long an artifact is kept after it was made. What an open run refers to is kept for longer. */
  readonly lifetimeMs: number;
}

/** Bytes at hand, or a stream of them. */
export type ByteSource = Uint8Array | AsyncIterable<Uint8Array>;

export interface PutOptions {
  /** Lower case, without parameters: `image/png`. */
  readonly mediaType: string;
  /** A tighter bound than the store's own. */
  readonly maxBytes?: number | undefined;
}

export interface ArtifactPage {
  readonly entries: readonly ArtifactEntry[];
  /** Give it to `list` for what follows; undefined at the end. */
  readonly cursor: string | undefined;
}

export interface ArtifactEntry {
  readonly key: string;
  readonly bytes: number;
}
