import type { JsonObject, JsonValue } from '../envelope/json.ts';
import { MAX_MESSAGE_BYTES } from '../envelope/limits.ts';
import { PermanentError } from '../errors/errors.ts';
import type { ArtifactStore, Artifacts } from './artifact-store.ts';
import { type ArtifactScope, mintKey } from './keys.ts';
import { type LargeValue, largeValues, withValues } from './large-values.ts';
import { type ArtifactReference, artifactMarker } from './reference.ts';
import type { FoundReference } from './references.ts';
import { contentOf, valueIn } from './value-content.ts';

/**
 * Claim check: large values lie in a store, and messages carry references to them. Whoever publishes moves them out, before
 * it publishes: a crash in between leaves an artifact that nobody refers to, which the sweeper deletes.
 */

/** Where values are moved to. */
export interface ArtifactPlace {
  readonly artifacts: Artifacts;
  /** Whose they are; the keys of all of them begin with it. */
  readonly scope: ArtifactScope;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
}

/** Values on their way to or from the store at a time; each is in memory meanwhile. */
const AT_A_TIME = 8;

/** What the values of a message may be together: the rest is for what the message says of itself. */
const VALUES_BYTES = MAX_MESSAGE_BYTES - 32 * 1024;

/** The values of a message. */
export interface MessageValues {
  readonly payload: JsonObject;
  readonly context: JsonObject;
}

/** What of these has to be moved out before they are published. Throws ContractError `reference_not_allowed`. */
export function tooLargeOf(
  values: MessageValues,
  { thresholdBytes }: Pick<Artifacts, 'thresholdBytes'>,
): readonly LargeValue[] {
  const limits = { limitBytes: thresholdBytes, totalBytes: VALUES_BYTES, fixedLevels: 2 } as const;
  return largeValues({ ...values }, limits);
}

/** The same of the output of a flow, which may be moved as a whole. */
export function tooLargeOfOutput(
  payload: JsonValue,
  { thresholdBytes }: Pick<Artifacts, 'thresholdBytes'>,
): readonly LargeValue[] {
  return largeValues({ payload }, { limitBytes: thresholdBytes, totalBytes: VALUES_BYTES });
}

/**
 * The values of a message with references in place of what is too large, which is in the store when this resolves. Throws what `put`
 * throws, and UnprocessableError for a value that no message could hold.
 */
export async function lightValues(
  values: MessageValues,
  place: ArtifactPlace,
  signal: AbortSignal,
): Promise<MessageValues> {
  const { payload, context } = values;
  const large = tooLargeOf(values, place.artifacts);
  const light = await withReferences({ payload, context }, large, place, signal);
  return { payload: light['payload'] as JsonObject, context: light['context'] as JsonObject };
}

/** The object with references in place of these values of it, which are in the store when this resolves. Throws as `lightValues`. */
export async function withReferences(
  object: JsonObject,
  large: readonly LargeValue[],
  place: ArtifactPlace,
  signal: AbortSignal,
): Promise<JsonObject> {
  if (large.length === 0) return object;
  return withValues(object, await eachOf(large, (value) => moveOne(value, place, signal)));
}

async function moveOne(
  { path, value }: LargeValue,
  { artifacts: { store, lifetimeMs }, scope, nowMs }: ArtifactPlace,
  signal: AbortSignal,
): Promise<{ path: LargeValue['path']; value: JsonValue }> {
  const { bytes, mediaType } = contentOf(value);
  const key = mintKey(scope, nowMs + lifetimeMs);
  const reference = await store.put(key, bytes, { mediaType }, signal);
  return { path, value: artifactMarker(reference) };
}

/**
 * The object with the values that these references of it stand for. Throws what `open` throws, PermanentError
 * `artifact_too_large` when they are more than `maxBytes` together, UnprocessableError for JSON that no message could hold.
 */
export async function resolveReferences(
  object: JsonObject,
  references: readonly FoundReference[],
  { store, maxBytes }: { readonly store: ArtifactStore; readonly maxBytes: number },
  signal: AbortSignal,
): Promise<JsonObject> {
  const bytes = references.reduce((sum, { reference }) => sum + reference.bytes, 0);
  if (bytes > maxBytes) {
    const largest = references.reduce((a, b) => (b.reference.bytes > a.reference.bytes ? b : a));
    throw new PermanentError(
      'artifact_too_large',
      `The values of this input are ${bytes} bytes, and at most ${maxBytes} are read into memory: /${largest.path.join('/')} alone has ${largest.reference.bytes}. A model that takes it as a reference can read it in pieces.`,
    );
  }
  const resolved = await eachOf(references, async ({ path, reference }) => ({
    path,
    value: await valueBehind(reference, store, signal),
  }));
  return withValues(object, resolved);
}

async function valueBehind(
  reference: ArtifactReference,
  store: ArtifactStore,
  signal: AbortSignal,
): Promise<JsonValue> {
  const bytes = await readArtifact(reference, store, signal);
  return valueIn({ mediaType: reference.mediaType, bytes });
}

/** All bytes of an artifact, checked. How many they may be is the caller's to look at first. Throws what `open` throws. */
export async function readArtifact(
  reference: ArtifactReference,
  store: ArtifactStore,
  signal: AbortSignal,
): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of await store.open(reference, signal)) pieces.push(piece);
  return Buffer.concat(pieces);
}

async function eachOf<T, U>(items: readonly T[], work: (item: T) => Promise<U>): Promise<U[]> {
  const done: U[] = [];
  for (let from = 0; from < items.length; from += AT_A_TIME) {
    done.push(...(await Promise.all(items.slice(from, from + AT_A_TIME).map(work))));
  }
  return done;
}
