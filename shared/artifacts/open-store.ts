import type { ArtifactStore } from './artifact-store.ts';
import { openFolderStore } from './folder/folder-store.ts';
import type { ArtifactSettings } from './settings.ts';

/** The store that the settings name. Throws `artifact_unavailable` for a folder that cannot be made; a bucket is not asked yet. */
export async function openArtifactStore(settings: ArtifactSettings): Promise<ArtifactStore> {
  const { where, maxBytes } = settings;
  if (where.kind === 'folder') return openFolderStore({ folder: where.folder, maxBytes });
  // The SDK takes a while to load; nobody else waits for it.
  const { openS3Store } = await import('./s3/s3-store.ts');
  return openS3Store({ ...where, maxBytes });
}
