import { z } from 'zod';
import { ContractError } from '../errors/errors.ts';
import { artifactNotAllowed } from './artifact-errors.ts';
import { expiryOfKey, isArtifactKey, parseKey } from './keys.ts';

/** The most bytes that any reference may promise. A store may be set to less, never to more. */
export const MAX_ARTIFACT_BYTES = 1024 * 1024 * 1024;

/** The one key of an object that stands for an artifact. */
export const ARTIFACT_MARK = '$artifact';

/** A media type without parameters, in lower case: `image/png`. */
export const mediaTypeSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9!#$&^_.+-]{0,62}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,62}$/);

/** Name of a store: `folder`, or the name of a bucket. Never an address, so a message cannot say where to connect. */
const storeNameSchema = z.string().regex(/^[a-z0-9][a-z0-9.-]{0,62}$/);

/** What stands in a message for the bytes that lie in a store. */
export const artifactReferenceSchema = z
  .strictObject({
    store: storeNameSchema,
    key: z.string().refine(isArtifactKey, 'not a key of an artifact'),
    /** Of the bytes, in lower-case hexadecimal. */
    sha256: z.string().regex(/^[0-9a-f]{64}$/),
    bytes: z.number().int().nonnegative().max(MAX_ARTIFACT_BYTES),
    mediaType: mediaTypeSchema,
    /** Instant from which on the store may have dropped it; the one that its key says. */
    expires: z.iso.datetime(),
  })
  .refine(({ key, expires }) => expiryOfKey(key) === Date.parse(expires), {
    path: ['expires'],
    message: 'not the instant that the key says',
  });
export type ArtifactReference = z.infer<typeof artifactReferenceSchema>;

/** A reference as it stands inside a payload, a context or an output: an object with this one key. */
export const artifactMarkerSchema = z.strictObject({ [ARTIFACT_MARK]: artifactReferenceSchema });
export type ArtifactMarker = z.infer<typeof artifactMarkerSchema>;

/** The reference to what a store has just taken in. */
export function referenceTo(
  stored: Pick<ArtifactReference, 'store' | 'key' | 'sha256' | 'bytes'>,
  mediaType: string,
): ArtifactReference {
  const { expiresAtMs } = parseKey(stored.key);
  return { ...stored, mediaType, expires: new Date(expiresAtMs).toISOString() };
}

/** Throws ContractError `bad_media_type` for what is not `image/png` and the like. */
export function checkMediaType(mediaType: string): void {
  if (mediaTypeSchema.safeParse(mediaType).success) return;
  throw new ContractError(
    'bad_media_type',
    'The media type must be like "image/png": lower case, without parameters.',
  );
}

/** Holds a reference to the store that is to open it. Throws ContractError `artifact_not_allowed`, `bad_artifact_key`. */
export function checkStore(reference: ArtifactReference, store: string): void {
  parseKey(reference.key);
  if (reference.store === store) return;
  throw artifactNotAllowed(`lies in the store ${reference.store}, and this process uses ${store}`);
}

/**
 * The reference that a JSON value is, undefined for any other value. An object that has the key `$artifact` is a
 * reference or nothing: ContractError `reference_not_allowed` for one that is not exactly right.
 */
export function asArtifactReference(value: unknown): ArtifactReference | undefined {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, ARTIFACT_MARK)) {
    return undefined;
  }
  const parsed = artifactReferenceSchema.safeParse((value as ArtifactMarker)[ARTIFACT_MARK]);
  if (parsed.success && Object.keys(value).length === 1) return parsed.data;
  const [issue] = parsed.error?.issues ?? [];
  const problem = issue
    ? `${[ARTIFACT_MARK, ...issue.path].join('/')}: ${issue.message}`
    : `${ARTIFACT_MARK} must be the only key of its object`;
  throw new ContractError(
    'reference_not_allowed',
    `This is no reference to an artifact (${problem}). A reference is { store, key, sha256, bytes, mediaType, expires }; addresses are never followed.`,
  );
}

/** A reference as it is written into a message. */
export function artifactMarker(reference: ArtifactReference): ArtifactMarker {
  return { [ARTIFACT_MARK]: reference };
}
