import { artifactCorrupt, artifactMissing, artifactUnavailable } from '../artifact-errors.ts';
import type { ArtifactPage, ArtifactStore } from '../artifact-store.ts';
import { isArtifactKey, parseKey } from '../keys.ts';
import { measured, verified } from '../measured.ts';
import { checkMediaType, checkStore, MAX_ARTIFACT_BYTES, referenceTo } from '../reference.ts';
import { type BucketCredentials, openBucket } from './client.ts';
import { explainFault, isMissing } from './faults.ts';
import { upload } from './upload.ts';

export interface S3StoreOptions {
  /** Also the store's name in references. */
  readonly bucket: string;
  readonly region: string;
  /** Left out: AWS. */
  readonly endpoint?: string | undefined;
  /** Where lent addresses lead. Left out: the endpoint. */
  readonly linkEndpoint?: string | undefined;
  readonly pathStyle?: boolean | undefined;
  /** Left out: the SDK looks where AWS puts them. */
  readonly credentials?: BucketCredentials | undefined;
  readonly maxBytes?: number | undefined;
  /** Default 5 s. */
  readonly connectTimeoutMs?: number | undefined;
  /** How long the other side may say nothing, in an answer or within a body. Default 30 s. */
  readonly silenceMs?: number | undefined;
  /** Tries of one call in all, with growing waits. Default 4. */
  readonly attempts?: number | undefined;
  /** Entries of one `list`. Default 1,000, the most that there may be. */
  readonly pageSize?: number | undefined;
}

/** The least that the S3 API takes, as some of them are in memory at a time; it allows 10,000, far above the largest artifact. */
const PART_BYTES = 5 * 1024 * 1024;
/** The API's call for many at once needs a checksum that not every service knows. */
const DELETES_AT_A_TIME = 16;
const LONGEST_ADDRESS_S = 3_600;

/** Artifacts in one bucket of a service with the S3 API: AWS S3, Cloudflare R2, MinIO and alikes. */
export function openS3Store(options: S3StoreOptions): ArtifactStore {
  const name = options.bucket;
  const maxBytes = options.maxBytes ?? MAX_ARTIFACT_BYTES;
  const silenceMs = options.silenceMs ?? 30_000;
  const bucket = openBucket({
    bucket: name,
    region: options.region,
    endpoint: options.endpoint,
    linkEndpoint: options.linkEndpoint,
    pathStyle: options.pathStyle ?? false,
    credentials: options.credentials,
    connectTimeoutMs: options.connectTimeoutMs ?? 5_000,
    silenceMs,
    attempts: options.attempts ?? 4,
  });
  const explain = (error: unknown) => explainFault(name, error);
  const patience = {
    silenceMs,
    onSilence: () => artifactUnavailable(name, `said nothing for ${silenceMs} ms`),
  };

  const put: ArtifactStore['put'] = async (key, source, put, signal) => {
    parseKey(key);
    checkMediaType(put.mediaType);
    signal.throwIfAborted();
    let ofSource: { readonly error: unknown } | undefined;
    const { pieces, facts } = measured(source, {
      mediaType: put.mediaType,
      maxBytes: Math.min(put.maxBytes ?? maxBytes, maxBytes),
      signal,
      onFailure: (error) => {
        ofSource = { error };
      },
    });
    try {
      await upload(bucket, { key, mediaType: put.mediaType }, pieces, signal, PART_BYTES);
    } catch (error) {
      signal.throwIfAborted();
      throw ofSource ? ofSource.error : explain(error);
    }
    return referenceTo({ store: name, key, ...facts() }, put.mediaType);
  };

  const open: ArtifactStore['open'] = async (reference, signal) => {
    checkStore(reference, name);
    signal.throwIfAborted();
    try {
      const { body, bytes } = await bucket.getObject(reference.key, signal);
      const checked = verified(body, reference, { signal, patience, explain });
      if (bytes === reference.bytes) return checked;
      checked.destroy();
    } catch (error) {
      signal.throwIfAborted();
      throw isMissing(error) ? artifactMissing(reference) : explain(error);
    }
    throw artifactCorrupt(reference, `has another size than ${reference.bytes} bytes`);
  };

  async function remove(keys: readonly string[]): Promise<void> {
    for (const key of keys) parseKey(key);
    for (let at = 0; at < keys.length; at += DELETES_AT_A_TIME) {
      const some = keys.slice(at, at + DELETES_AT_A_TIME);
      await Promise.all(some.map((key) => bucket.deleteObject(key)));
    }
  }

  async function list(prefix: string, cursor?: string): Promise<ArtifactPage> {
    const { objects, more } = await bucket.list(prefix, cursor, options.pageSize ?? 1_000);
    return {
      entries: objects.filter(({ key }) => isArtifactKey(key)),
      cursor: more ? objects.at(-1)?.key : undefined,
    };
  }

  const explained = <T>(work: Promise<T>) =>
    work.catch((error: unknown) => {
      throw explain(error);
    });
  return {
    name,
    maxBytes,
    put,
    open,
    delete: (keys) => explained(remove(keys)),
    list: (prefix, cursor) => explained(list(prefix, cursor)),
    async presign(reference, seconds) {
      checkStore(reference, name);
      const shortLived = Math.min(Math.max(1, Math.floor(seconds)), LONGEST_ADDRESS_S);
      return explained(bucket.presign(reference.key, reference.mediaType, shortLived));
    },
    async close() {
      bucket.close();
    },
  };
}
