import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArtifactEntry } from '../artifact-store.ts';
import { isArtifactKey } from '../keys.ts';
import { codeOf } from './plain-files.ts';

/**
 * The artifacts below a root whose key begins with a prefix, after a cursor, in the order of their keys: what S3 answers.
 * One folder's names are in memory at a time for each level. Links are not followed, other files not told.
 */
export async function* filesBelow(
  root: string,
  prefix: string,
  cursor: string,
  folder = '',
): AsyncGenerator<ArtifactEntry> {
  for (const name of await sortedNames(join(root, folder))) {
    const path = folder + name;
    if (!couldHold(path, prefix, cursor)) continue;
    if (path.endsWith('/')) {
      yield* filesBelow(root, prefix, cursor, path);
    } else if (isArtifactKey(path)) {
      const bytes = await sizeOf(join(root, path));
      if (bytes !== undefined) yield { key: path, bytes };
    }
  }
}

/** True when a path (a folder's ends with `/`) is, or may hold, a key with that prefix that comes after the cursor. */
function couldHold(path: string, prefix: string, cursor: string): boolean {
  if (!path.endsWith('/')) return path.startsWith(prefix) && path > cursor;
  const onTheWay = path.startsWith(prefix) || prefix.startsWith(path);
  return onTheWay && (path > cursor || cursor.startsWith(path));
}

/** Names in a folder; those of folders end with `/`, which is how keys compare. Nothing when the folder is gone. */
async function sortedNames(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile() || entry.isDirectory())
      .map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name))
      .sort();
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}

async function sizeOf(file: string): Promise<number | undefined> {
  try {
    return (await lstat(file)).size;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
