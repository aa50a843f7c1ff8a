import type { Readable } from 'node:stream';
import type { Artifacts, ByteSource } from '../artifacts/artifact-store.ts';
import { lightValues, type MessageValues, readArtifact } from '../artifacts/claim-check.ts';
import { type ArtifactScope, mintKey } from '../artifacts/keys.ts';
import { ARTIFACT_MARK, type ArtifactMarker, artifactMarker } from '../artifacts/reference.ts';
import type { JsonObject } from '../envelope/json.ts';
import { FleetError, PermanentError } from '../errors/errors.ts';

/** A file that goes with a job, in one piece or many: it is never whole in memory here. */
export interface Upload {
  readonly source: ByteSource;
  /** Lower case, without parameters: `image/png`. */
  readonly mediaType: string;
}

/** The values of a job as a client has them. */
export interface JobValues {
  readonly payload: JsonObject;
  readonly context?: JsonObject | undefined;
  /** Further members of the payload. */
  readonly files?: Readonly<Record<string, Upload>> | undefined;
}

/** Large values as a client sees them: what it submits is uploaded, what a result refers to is opened when it is wanted. */
export class ClientArtifacts {
  readonly #artifacts: Artifacts | undefined;
  readonly #closing = new AbortController();

  constructor(artifacts: Artifacts | undefined) {
    this.#artifacts = artifacts;
  }

  /**
   * The bytes that a reference of a result stands for, in pieces, checked on the way: the stream fails before its end where size or
   * hash are wrong. A stream that is not read to its end has to be destroyed. Throws FleetError `artifacts_not_configured`,
   * `artifact_missing`, `artifact_corrupt`, `artifact_unavailable`.
   */
  open(artifact: ArtifactMarker): Promise<Readable> {
    return this.#place().store.open(artifact[ARTIFACT_MARK], this.#closing.signal);
  }

  /** All of them. Throws FleetError `artifact_too_large` for more than `maxBytes`, else as `open`. */
  bytes(artifact: ArtifactMarker, maxBytes: number): Promise<Buffer> {
    const reference = artifact[ARTIFACT_MARK];
    if (reference.bytes <= maxBytes) {
      return readArtifact(reference, this.#place().store, this.#closing.signal);
    }
    const text = `The artifact has ${reference.bytes} bytes, and at most ${maxBytes} are asked for.`;
    return Promise.reject(new PermanentError('artifact_too_large', text));
  }

  /**
   * An address under which anybody may download it for so many seconds, at most an hour: for a person's browser, never for a
   * message. Throws FleetError `artifact_has_no_address` where artifacts lie in a folder.
   */
  async address(artifact: ArtifactMarker, seconds: number): Promise<string> {
    const { store } = this.#place();
    if (store.presign !== undefined) return store.presign(artifact[ARTIFACT_MARK], seconds);
    throw new FleetError(
      'artifact_has_no_address',
      'The artifacts of this fleet lie in a folder, which has no addresses: open them, or use a bucket (ARTIFACTS=s3://…).',
    );
  }

  /** Payload and context as they are sent: with references to files and large values, which are in the store from here on. */
  async light(
    { payload, context = {}, files = {} }: JobValues,
    scope: ArtifactScope,
    nowMs: number,
  ): Promise<MessageValues> {
    const { signal } = this.#closing;
    const whole = { ...payload };
    for (const [name, { source, mediaType }] of Object.entries(files)) {
      const { store, lifetimeMs } = this.#place();
      const key = mintKey(scope, nowMs + lifetimeMs);
      const reference = await store.put(key, source, { mediaType }, signal);
      whole[name] = artifactMarker(reference);
    }
    if (this.#artifacts === undefined) return { payload: whole, context };
    const place = { artifacts: this.#artifacts, scope, nowMs };
    return lightValues({ payload: whole, context }, place, signal);
  }

  /** Ends what is under way. */
  close(error: FleetError): void {
    this.#closing.abort(error);
  }

  #place(): Artifacts {
    if (this.#artifacts !== undefined) return this.#artifacts;
    throw new FleetError(
      'artifacts_not_configured',
      'This client has no artifact store: give it the one that the fleet uses (ARTIFACTS).',
    );
  }
}
