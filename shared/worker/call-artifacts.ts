import type { Readable } from 'node:stream';
import { artifactNotAllowed } from '../artifacts/artifact-errors.ts';
import type { Artifacts, ByteSource, PutOptions } from '../artifacts/artifact-store.ts';
import { readArtifact } from '../artifacts/claim-check.ts';
import { type ArtifactScope, mintKey } from '../artifacts/keys.ts';
import { ARTIFACT_MARK, type ArtifactMarker, artifactMarker } from '../artifacts/reference.ts';
import { referencesIn } from '../artifacts/references.ts';
import type { Request } from '../envelope/envelope.ts';
import { DEFAULT_TENANT } from '../envelope/ids.ts';
import { PermanentError } from '../errors/errors.ts';

/** What a model may do with large values. It reads what it was given, and writes under its own prefix. */
export interface CallArtifacts {
  /**
   * The bytes of a reference in pieces, checked on the way: the stream fails before its end where size or hash are wrong, so act on
   * nothing before it has ended. A stream that is not read to its end has to be destroyed. Throws ContractError
   * `artifact_not_allowed` for a reference that this call was not given, and what a store throws: PermanentError
   * `artifact_missing`, `artifact_corrupt`, TransientError `artifact_unavailable`.
   */
  open(artifact: ArtifactMarker): Promise<Readable>;
  /** All bytes of a reference. Throws PermanentError `artifact_too_large` for more than `maxBytes`, else as `open`. */
  bytes(artifact: ArtifactMarker, maxBytes: number): Promise<Buffer>;
  /** Stores bytes, or a stream of them; what it answers may stand anywhere in the output or a patch. */
  put(source: ByteSource, options: PutOptions): Promise<ArtifactMarker>;
}

export interface CallArtifactsOptions {
  readonly artifacts: Artifacts | undefined;
  readonly request: Request;
  readonly signal: AbortSignal;
  readonly now: () => number;
}

/** The artifacts of one call. */
export function callArtifacts(options: CallArtifactsOptions): CallArtifacts {
  const { request, signal, now } = options;
  let given: ReadonlySet<string> | undefined;
  const written = new Set<string>();
  const mayRead = (key: string) => {
    given ??= new Set(keysIn(request));
    return given.has(key) || written.has(key);
  };

  async function open(artifact: ArtifactMarker): Promise<Readable> {
    const reference = artifact[ARTIFACT_MARK];
    if (!mayRead(reference.key)) throw artifactNotAllowed('was not given to this call');
    return artifactsOf(options).store.open(reference, signal);
  }

  return {
    open,
    async bytes(artifact, maxBytes) {
      const reference = artifact[ARTIFACT_MARK];
      if (reference.bytes > maxBytes) {
        throw new PermanentError(
          'artifact_too_large',
          `The artifact has ${reference.bytes} bytes, and at most ${maxBytes} are read here.`,
        );
      }
      if (!mayRead(reference.key)) throw artifactNotAllowed('was not given to this call');
      return readArtifact(reference, artifactsOf(options).store, signal);
    },
    async put(source, putOptions) {
      const { store, lifetimeMs } = artifactsOf(options);
      const key = mintKey(scopeOf(request), now() + lifetimeMs);
      const reference = await store.put(key, source, putOptions, signal);
      written.add(key);
      return artifactMarker(reference);
    },
  };
}

/** Under which a call writes. */
export function scopeOf({ step }: Request): ArtifactScope {
  return { tenant: step.tenant ?? DEFAULT_TENANT, run: step.run, model: step.model };
}

/** Throws PermanentError `artifacts_not_configured` where a process has no store. */
export function artifactsOf({ artifacts }: Pick<CallArtifactsOptions, 'artifacts'>): Artifacts {
  if (artifacts !== undefined) return artifacts;
  throw new PermanentError(
    'artifacts_not_configured',
    'This worker has no artifact store, and the call needs one: set ARTIFACTS.',
  );
}

function keysIn({ payload, context }: Request): string[] {
  return [...referencesIn(payload), ...referencesIn(context)].map(({ reference }) => reference.key);
}
