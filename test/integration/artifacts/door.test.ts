import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ArtifactStore } from '../../../shared/artifacts/artifact-store.ts';
import { openFolderStore } from '../../../shared/artifacts/folder/folder-store.ts';
import { mintKey } from '../../../shared/artifacts/keys.ts';
import { artifactMarker } from '../../../shared/artifacts/reference.ts';
import { newId, runIdOf } from '../../../shared/envelope/ids.ts';
import { chainFlow } from '../../support/chain-flow.ts';
import { InProcessFleet, marks } from '../../support/in-process-fleet.ts';

let folder: string;
let store: ArtifactStore;
let fleet: InProcessFleet;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flotilla-artifacts-'));
  store = await openFolderStore({ folder });
  fleet = new InProcessFleet();
  const artifacts = { store, thresholdBytes: 64 * 1024, lifetimeMs: 60_000 };
  await fleet.coordinator([chainFlow(['one'])], { artifacts });
});

afterEach(async () => {
  await fleet.close();
  await store.close();
  await rm(folder, { recursive: true });
  expect(fleet.errors).toEqual([]);
});

describe('a job at the door', () => {
  it.each(['image/png', 'application/zip'])(
    'is refused when its large value is an archive, whatever it says it is (%s), and no model is asked',
    async (said) => {
      const one = await fleet.worker('one', marks('1'));
      const client = await fleet.client();
      const archive = Buffer.concat([Buffer.from('PK\x03\x04'), Buffer.alloc(60_000)]);
      const text = `data:${said};base64,${archive.toString('base64')}`;
      const { run } = await client.run('chain', { text });
      expect(run.error?.code).toBe('archive_refused');
      expect(one.requests).toEqual([]);
      expect((await store.list('')).entries).toEqual([]);
    },
  );

  it('is refused when what it refers to has expired, though the bytes are still there', async () => {
    const one = await fleet.worker('one', marks('1'));
    const client = await fleet.client();
    const id = newId();
    const key = mintKey({ tenant: 'default', run: runIdOf('default', 'tester', id) }, 0);
    const signal = new AbortController().signal;
    const reference = await store.put(key, Buffer.from('x'), { mediaType: 'text/plain' }, signal);
    const { run } = await client.run('chain', { text: artifactMarker(reference) as never }, { id });
    expect(run.error?.code).toBe('artifact_missing');
    expect(one.requests).toEqual([]);
  });
});
