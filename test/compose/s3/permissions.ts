import { randomUUID } from 'node:crypto';
import { mintKey } from '../../../shared/artifacts/keys.ts';
import {
  type Bucket,
  type BucketOptions,
  openBucket,
} from '../../../shared/artifacts/s3/client.ts';

const bytes = Buffer.from('whatever');
const mediaType = 'application/octet-stream';
const signal = new AbortController().signal;

/** Whose an object is: of a tenant's job, or what a model wrote for that tenant; `own` is the account's own name. */
export const places = ['default job', 'default own', 'default other', 'acme job', 'acme own'];
type Verb = 'reads' | 'writes' | 'deletes';
/** What an account may do, by verb: the places where it may; and whether it may list. */
export type Allowed = Readonly<Record<Verb, readonly string[]>> & { readonly lists: boolean };

/** Opens a bucket as somebody, with an answer at the first try. */
export function bucketAs(
  endpoint: string,
  [accessKeyId, secretAccessKey]: readonly [string, string],
): Bucket {
  const options: BucketOptions = {
    bucket: 'artifacts',
    region: 'us-east-1',
    endpoint,
    pathStyle: true,
    credentials: { accessKeyId, secretAccessKey },
    connectTimeoutMs: 5_000,
    silenceMs: 30_000,
    attempts: 1,
  };
  return openBucket(options);
}

/** Tries everything as an account, with objects that root put there for it. */
export async function tried(root: Bucket, bucket: Bucket, account: string): Promise<Allowed> {
  const allowed: Record<Verb, string[]> = { reads: [], writes: [], deletes: [] };
  for (const place of places) {
    const key = keyIn(place, account);
    await root.putObject(key, bytes, mediaType, signal);
    const attempts: Record<Verb, () => Promise<unknown>> = {
      reads: async () => (await bucket.getObject(key, signal)).body.resume(),
      writes: () => writeBothWays(bucket, key),
      deletes: () => bucket.deleteObject(key),
    };
    for (const [verb, attempt] of Object.entries(attempts)) {
      if (await isAllowed(attempt)) allowed[verb as Verb].push(place);
    }
  }
  return { ...allowed, lists: await isAllowed(() => bucket.list('', undefined, 10)) };
}

/** As one object, and as an upload of parts that is taken back. */
async function writeBothWays(bucket: Bucket, key: string): Promise<void> {
  await bucket.putObject(key, bytes, mediaType, signal);
  const upload = { key, id: await bucket.beginUpload(key, mediaType, signal) };
  await bucket.uploadPart({ ...upload, number: 1 }, bytes, signal);
  await bucket.abortUpload(upload);
}

function keyIn(place: string, account: string): string {
  const [tenant = '', whose] = place.split(' ');
  const model = { own: account, other: 'other' }[whose ?? ''];
  const scope = { tenant, run: randomUUID(), ...(model === undefined ? {} : { model }) };
  return mintKey(scope, Date.now() + 60_000);
}

/** Whatever is neither done nor refused for want of a right is thrown. */
async function isAllowed(attempt: () => Promise<unknown>): Promise<boolean> {
  try {
    await attempt();
    return true;
  } catch (error) {
    if ((error as Error).name === 'AccessDenied') return false;
    throw error;
  }
}
