import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { linksOf } from '../../../services/cli/run/artifact-links.ts';
import { mintKey } from '../../../shared/artifacts/keys.ts';
import { type ArtifactMarker, artifactMarker } from '../../../shared/artifacts/reference.ts';
import type { Awaited } from '../../../shared/client/result-or-rest.ts';
import { anyBytes } from '../../support/any-bytes.ts';
import { startTestBucket, type TestBucket } from '../../support/s3/test-bucket.ts';

const broker = 'amqp://127.0.0.1';
let bucket: TestBucket;
let env: Record<string, string>;
let image: ArtifactMarker;
const bytes = anyBytes(1_000);

beforeAll(async () => {
  bucket = await startTestBucket();
  const { endpoint, credentials } = bucket.options;
  env = {
    ARTIFACTS: 's3://artifacts',
    ARTIFACT_ENDPOINT: endpoint ?? '',
    AWS_ACCESS_KEY_ID: credentials?.accessKeyId ?? '',
    AWS_SECRET_ACCESS_KEY: credentials?.secretAccessKey ?? '',
  };
  const store = bucket.openStore();
  const key = mintKey({ tenant: 'default', run: randomUUID() }, Date.now() + 60_000);
  const options = { mediaType: 'application/octet-stream' };
  image = artifactMarker(await store.put(key, bytes, options, new AbortController().signal));
  await store.close();
});

afterAll(() => bucket.stop());

const awaited = (payload: object) => ({ name: 'ended', result: { payload } }) as unknown as Awaited;

describe('flotilla result --links', () => {
  it('lends an address for each artifact of the result, and says where it stands', async () => {
    const result = awaited({ text: 'x', pages: [{ image: { ...image } }] });
    const [line, ...others] = await linksOf(result, 60_000, broker, env);
    expect(others).toEqual([]);
    const [path, mediaType, address] = String(line).split('  ');
    expect([path, mediaType]).toEqual(['/pages/0/image', 'application/octet-stream']);
    expect(new URL(String(address)).searchParams.get('X-Amz-Expires')).toBe('60');
    const answer = await fetch(String(address));
    expect(Buffer.from(await answer.arrayBuffer())).toEqual(bytes);
  });

  it('lends addresses where people see the service, when the fleet sees it elsewhere', async () => {
    const { ARTIFACT_ENDPOINT: seen = '', ...others } = env;
    const lent = { ...others, ARTIFACT_ENDPOINT: 'http://s3:7070', ARTIFACT_LINK_ENDPOINT: seen };
    const [line] = await linksOf(awaited({ image }), 60_000, broker, lent);
    const answer = await fetch(String(line).split('  ')[2] ?? '');
    expect(Buffer.from(await answer.arrayBuffer())).toEqual(bytes);
  });

  it('lends nothing unless it is asked to, and nothing for a result without artifacts', async () => {
    expect(await linksOf(awaited({ image }), undefined, broker, env)).toEqual([]);
    expect(await linksOf(awaited({ text: 'x' }), 60_000, broker, env)).toEqual([]);
  });

  it('refuses to lend for more than an hour', async () => {
    await expect(linksOf(awaited({ image }), 3_600_001, broker, env)).rejects.toMatchObject({
      code: 'links_too_long',
    });
  });

  it('says that a folder has no addresses', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'flotilla-links-'));
    const links = linksOf(awaited({ image }), 60_000, broker, { ARTIFACTS: folder });
    await expect(links).rejects.toMatchObject({ code: 'artifact_has_no_address' });
    await rm(folder, { recursive: true });
  });
});
