import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openArtifactStore } from '../../../shared/artifacts/open-store.ts';
import { readArtifactSettings } from '../../../shared/artifacts/settings.ts';
import type { ConfigError } from '../../../shared/errors/errors.ts';

function problemsOf(env: Record<string, string>): readonly string[] {
  try {
    readArtifactSettings(env);
  } catch (error) {
    return (error as ConfigError).problems;
  }
  return [];
}

describe('the settings of the artifact store', () => {
  it('are a folder, 64 KiB and a week when nothing is set', () => {
    expect(readArtifactSettings({})).toEqual({
      where: { kind: 'folder', folder: '.flotilla/artifacts' },
      thresholdBytes: 65_536,
      maxBytes: 1024 ** 3,
      lifetimeMs: 7 * 24 * 3_600_000,
    });
  });

  it('name a bucket of AWS by its name alone', () => {
    expect(
      readArtifactSettings({ ARTIFACTS: 's3://fleet', AWS_REGION: 'eu-west-1' }).where,
    ).toEqual({
      kind: 's3',
      bucket: 'fleet',
      region: 'eu-west-1',
      endpoint: undefined,
      pathStyle: false,
      credentials: undefined,
    });
  });

  it('name a bucket of another service by its endpoint', () => {
    const { where } = readArtifactSettings({
      ARTIFACTS: 's3://fleet',
      ARTIFACT_ENDPOINT: 'https://abc.r2.cloudflarestorage.com',
      ARTIFACT_LINK_ENDPOINT: 'https://files.example.com',
      AWS_ACCESS_KEY_ID: 'id',
      AWS_SECRET_ACCESS_KEY: 'secret',
    });
    expect(where).toMatchObject({
      region: 'auto',
      endpoint: 'https://abc.r2.cloudflarestorage.com',
      linkEndpoint: 'https://files.example.com',
      pathStyle: true,
      credentials: { accessKeyId: 'id', secretAccessKey: 'secret' },
    });
  });

  it('list every problem at once, and quote no secret', () => {
    const problems = problemsOf({
      ARTIFACTS: 'gs://fleet',
      ARTIFACT_THRESHOLD_BYTES: '12',
      ARTIFACT_MAX_BYTES: 'much',
      ARTIFACT_LIFETIME_HOURS: '0',
      ARTIFACT_ENDPOINT: 'http://storage.example.com',
      ARTIFACT_LINK_ENDPOINT: 'storage.example.com',
      ARTIFACT_REGION: 'EU!',
      ARTIFACT_PATH_STYLE: 'maybe',
      AWS_SECRET_ACCESS_KEY: 'very-secret',
    });
    expect(problems.map((problem) => problem.split(':')[0]).sort()).toEqual([
      'ARTIFACTS',
      'ARTIFACT_ENDPOINT',
      'ARTIFACT_LIFETIME_HOURS',
      'ARTIFACT_LINK_ENDPOINT',
      'ARTIFACT_MAX_BYTES',
      'ARTIFACT_PATH_STYLE',
      'ARTIFACT_REGION',
      'ARTIFACT_THRESHOLD_BYTES',
      'AWS_ACCESS_KEY_ID',
    ]);
    expect(problems.join()).not.toContain('very-secret');
  });

  it.each([
    ['https://s3.example.com', true],
    ['http://127.0.0.1:9000', true],
    ['http://[::1]:9000', true],
    ['http://localhost:9000', true],
    ['http://minio:9000', true],
    ['http://10.0.0.7:9000', false],
    ['http://storage.example.com', false],
    ['https://user:pass@s3.example.com', false],
    ['https://s3.example.com/path', false],
    ['https://s3.example.com/?x=y', false],
    ['ftp://localhost', false],
    ['not an address', false],
  ])('take the endpoint %s: %s', (endpoint, taken) => {
    expect(problemsOf({ ARTIFACT_ENDPOINT: endpoint })).toHaveLength(taken ? 0 : 1);
  });
});

describe('the store of the settings', () => {
  it('is a folder, made when it is not there', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'flotilla-artifacts-'));
    const settings = readArtifactSettings({
      ARTIFACTS: join(folder, 'deep/er'),
      ARTIFACT_MAX_BYTES: '2048',
    });
    const store = await openArtifactStore(settings);
    expect(store).toMatchObject({ name: 'folder', maxBytes: 2_048 });
    await rm(folder, { recursive: true });
  });

  it('is a bucket, under its own name', async () => {
    const store = await openArtifactStore(readArtifactSettings({ ARTIFACTS: 's3://fleet' }));
    expect(store).toMatchObject({ name: 'fleet', maxBytes: 1024 ** 3 });
    await store.close();
  });
});
