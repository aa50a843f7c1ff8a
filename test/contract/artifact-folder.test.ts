import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { openFolderStore } from '../../shared/artifacts/folder/folder-store.ts';
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
