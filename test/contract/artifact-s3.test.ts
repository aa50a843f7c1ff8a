import { randomUUID } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ArtifactStore } from '../../shared/artifacts/artifact-store.ts';
import { mintKey } from '../../shared/artifacts/keys.ts';
import { anyBytes } from '../support/any-bytes.ts';
import { startTestBucket, type TestBucket } from '../support/s3/test-bucket.ts';
import { artifactStoreContract } from './artifact-store.contract.ts';

const MIB = 1024 * 1024;
let bucket: TestBucket;

beforeAll(async () => {
  bucket = await startTestBucket();
});

afterAll(() => bucket.stop());

artifactStoreContract({
  name: 'artifacts in a bucket',
  open: async ({ maxBytes }) => bucket.openStore({ maxBytes, pageSize: 2 }),
  replace: (key, bytes) => bucket.putObject(key, bytes),
  remove: () => bucket.empty(),
});

describe('a bucket that fails', () => {
  const signal = new AbortController().signal;
  const newKey = () => mintKey({ tenant: 'acme', run: randomUUID() }, Date.now() + 60_000);
  const binary = { mediaType: 'application/octet-stream' };
  let store: ArtifactStore;

  beforeEach(async () => {
    await bucket.empty();
    bucket.server.forget();
    store = bucket.openStore({ attempts: 3 });
  });

  const contentOf = async (reference: Parameters<ArtifactStore['open']>[0]) =>
    buffer(await store.open(reference, signal));

  it('is asked again after a 503, for reading as for writing', async () => {
    const bytes = anyBytes(1_000);
    bucket.server.failNext('PUT', '503');
    const reference = await store.put(newKey(), bytes, binary, signal);
    bucket.server.failNext('GET', '503');
    expect(await contentOf(reference)).toEqual(bytes);
    expect(bucket.server.seen).toEqual(['PUT', 'PUT', 'GET', 'GET']);
  });

  it('is artifact_unavailable, which may be tried later, when the 503 goes on', async () => {
    for (let time = 0; time < 3; time++) bucket.server.failNext('PUT', '503');
    await expect(store.put(newKey(), anyBytes(10), binary, signal)).rejects.toMatchObject({
      name: 'TransientError',
      code: 'artifact_unavailable',
      message: expect.stringContaining('SlowDown, status 503'),
    });
    expect(bucket.server.seen).toEqual(['PUT', 'PUT', 'PUT']);
  });

  it('keeps nobody waiting when it never answers', async () => {
    const impatient = bucket.openStore({ silenceMs: 200, attempts: 2 });
    for (let time = 0; time < 2; time++) bucket.server.failNext('PUT', 'hang');
    await expect(impatient.put(newKey(), anyBytes(10), binary, signal)).rejects.toMatchObject({
      code: 'artifact_unavailable',
    });
  });

  it('is let go of at once by a caller who gives up while it hangs', async () => {
    const giveUp = new AbortController();
    bucket.server.failNext('PUT', 'hang');
    const attempt = store.put(newKey(), anyBytes(10), binary, giveUp.signal);
    setImmediate(() => giveUp.abort(new Error('no time left')));
    await expect(attempt).rejects.toThrow('no time left');
  });

  it('has what was put when the answer to the PUT is lost', async () => {
    const bytes = anyBytes(1_000);
    bucket.server.failNext('PUT', 'lost');
    const reference = await store.put(newKey(), bytes, binary, signal);
    expect(await contentOf(reference)).toEqual(bytes);
  });

  it('has what was put in parts when the answers to its last calls are lost', async () => {
    const bytes = anyBytes(17 * MIB);
    bucket.server.failNext('PUT?partNumber&uploadId', 'lost');
    bucket.server.failNext('POST?uploadId', 'lost');
    const reference = await store.put(newKey(), bytes, binary, signal);
    expect((await contentOf(reference)).equals(bytes)).toBe(true);
  });

  it('keeps no half upload when a part fails for good', async () => {
    for (let time = 0; time < 3; time++) {
      bucket.server.failNext('PUT?partNumber&uploadId', '503');
    }
    await expect(store.put(newKey(), anyBytes(9 * MIB), binary, signal)).rejects.toMatchObject({
      code: 'artifact_unavailable',
    });
    expect(bucket.server.seen.at(-1)).toBe('DELETE?uploadId');
    expect((await store.list('')).entries).toEqual([]);
  });

  it.each(['truncated', 'stalled'] as const)(
    'gives out no part as the whole when an answer is %s: artifact_unavailable',
    async (fault) => {
      const reference = await store.put(newKey(), anyBytes(2 * MIB), binary, signal);
      bucket.server.failNext('GET', fault);
      const impatient = bucket.openStore({ silenceMs: 400, attempts: 1 });
      const reading = impatient.open(reference, signal).then(buffer);
      await expect(reading).rejects.toMatchObject({
        name: 'TransientError',
        code: 'artifact_unavailable',
      });
    },
  );

  it('lends an address for a short time, which downloads and never shows', async () => {
    const bytes = anyBytes(1_000);
    const reference = await store.put(newKey(), bytes, binary, signal);
    const address = new URL((await store.presign?.(reference, 86_400)) ?? '');
    const answer = await fetch(address);
    expect(Buffer.from(await answer.arrayBuffer())).toEqual(bytes);
    expect(address.searchParams.get('X-Amz-Expires')).toBe('3600');
    expect(address.searchParams.get('response-content-disposition')).toBe('attachment');
    expect(address.href).not.toContain('test-secret');
  });
});
