import { randomUUID } from 'node:crypto';
import {
  mkdir,
  mkdtemp,
  readdir,
  rename,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ArtifactStore } from '../../shared/artifacts/artifact-store.ts';
import { openFolderStore } from '../../shared/artifacts/folder/folder-store.ts';
import { mintKey } from '../../shared/artifacts/keys.ts';
import { artifactStoreContract } from './artifact-store.contract.ts';

let folder = '';

artifactStoreContract({
  name: 'artifacts in a folder',
  async open({ maxBytes }) {
    folder = await mkdtemp(join(tmpdir(), 'flotilla-artifacts-'));
    return openFolderStore({ folder, maxBytes, pageSize: 2 });
  },
  async replace(key, bytes) {
    await mkdir(dirname(join(folder, key)), { recursive: true });
    await writeFile(join(folder, key), bytes);
  },
  async remove() {
    await rm(folder, { recursive: true });
  },
});

describe('the folder of a store', () => {
  const signal = new AbortController().signal;
  const text = { mediaType: 'text/plain' };
  const scope = { tenant: 'acme', run: randomUUID() };
  const key = mintKey(scope, Date.now() + 60_000);
  let outside: string;
  let store: ArtifactStore;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'flotilla-artifacts-'));
    outside = await mkdtemp(join(tmpdir(), 'flotilla-outside-'));
    store = await openFolderStore({ folder });
  });

  afterEach(async () => {
    await rm(folder, { recursive: true });
    await rm(outside, { recursive: true });
  });

  it('is for its owner alone, files and folders', async () => {
    await store.put(key, Buffer.from('x'), text, signal);
    for (const path of [key, dirname(key), 'acme']) {
      expect((await stat(join(folder, path))).mode & 0o077).toBe(0);
    }
  });

  it('is left empty when what was in it is deleted', async () => {
    await store.put(key, Buffer.from('x'), text, signal);
    await store.delete([key]);
    expect(await readdir(folder)).toEqual(['.incoming']);
  });

  it('leads nobody out of it by a link in the place of a file', async () => {
    const reference = await store.put(key, Buffer.from('x'), text, signal);
    await writeFile(join(outside, 'secret'), 'x');
    await rm(join(folder, key));
    await symlink(join(outside, 'secret'), join(folder, key));
    await expect(store.open(reference, signal)).rejects.toMatchObject({
      code: 'artifact_not_allowed',
    });
    expect((await store.list('')).entries).toEqual([]);
    await store.delete([key]);
    expect(await readdir(outside)).toEqual(['secret']);
  });

  it.each(['acme', `acme/${scope.run}`])(
    'leads nobody out of it by a link in the place of a folder, to read, write or delete: %s',
    async (linked) => {
      const reference = await store.put(key, Buffer.from('x'), text, signal);
      await rename(join(folder, linked), join(outside, 'taken'));
      await symlink(join(outside, 'taken'), join(folder, linked));
      const refused = { code: 'artifact_not_allowed' };
      await expect(store.open(reference, signal)).rejects.toMatchObject(refused);
      await expect(store.put(key, Buffer.from('y'), text, signal)).rejects.toMatchObject(refused);
      await expect(store.delete([key])).rejects.toMatchObject(refused);
      expect((await store.list('')).entries).toEqual([]);
    },
  );

  it('may lie behind a link itself', async () => {
    const link = join(outside, 'link');
    await symlink(folder, link);
    const behind = await openFolderStore({ folder: link });
    const reference = await behind.put(key, Buffer.from('x'), text, signal);
    expect((await buffer(await store.open(reference, signal))).toString()).toBe('x');
  });

  it('is rid of what a killed process left half-written a day ago, and of nothing younger', async () => {
    await writeFile(join(folder, '.incoming/old'), 'half');
    await writeFile(join(folder, '.incoming/new'), 'half');
    const twoDaysAgo = new Date(Date.now() - 2 * 24 * 3_600_000);
    await utimes(join(folder, '.incoming/old'), twoDaysAgo, twoDaysAgo);
    await openFolderStore({ folder });
    expect(await readdir(join(folder, '.incoming'))).toEqual(['new']);
  });

  it('may be used by many at once, while others delete', async () => {
    const keys = Array.from({ length: 40 }, () => mintKey(scope, Date.now() + 60_000));
    await Promise.all(
      keys.map(async (one) => {
        const reference = await store.put(one, Buffer.from(one), text, signal);
        expect((await buffer(await store.open(reference, signal))).toString()).toBe(one);
        await store.delete([one]);
      }),
    );
    expect((await store.list('')).entries).toEqual([]);
  });

  it('is artifact_unavailable, which may be tried later, where nothing can be written', async () => {
    await writeFile(join(outside, 'file'), '');
    const attempt = openFolderStore({ folder: join(outside, 'file/below') });
    await expect(attempt).rejects.toMatchObject({
      name: 'TransientError',
      code: 'artifact_unavailable',
    });
  });
});
