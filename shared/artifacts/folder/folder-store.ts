import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { artifactMissing, artifactUnavailable } from '../artifact-errors.ts';
import type { ArtifactEntry, ArtifactPage, ArtifactStore } from '../artifact-store.ts';
import { parseKey } from '../keys.ts';
import { measured, verified } from '../measured.ts';
import { checkMediaType, checkStore, MAX_ARTIFACT_BYTES, referenceTo } from '../reference.ts';
import { codeOf, createFile, moveInto, openPlainFile, removeFile } from './plain-files.ts';
import { filesBelow } from './walk.ts';

export interface FolderStoreOptions {
  /** Made when it is not there. */
  readonly folder: string;
  /** Default `folder`. */
  readonly name?: string;
  readonly maxBytes?: number;
  /** Entries of one `list`. Default 1,000. */
  readonly pageSize?: number;
}

/** Half-written files lie here. No key can name it: a tenant begins with a letter. */
const INCOMING = '.incoming';
/** Nothing takes a day to write. */
const LEFT_BEHIND_MS = 24 * 60 * 60_000;

/**
 * Artifacts as files of this machine, `<folder>/<key>`, for their owner alone. A file appears whole, by a rename, and stays
 * after a power cut. Links in the folder are not followed. Throws TransientError `artifact_unavailable`.
 */
export async function openFolderStore(options: FolderStoreOptions): Promise<ArtifactStore> {
  const { name = 'folder', maxBytes = MAX_ARTIFACT_BYTES, pageSize = 1_000 } = options;
  const root = resolve(options.folder);
  const incoming = join(root, INCOMING);

  /** What the operating system has against us means: not now. */
  function explain(error: unknown): unknown {
    const code = codeOf(error);
    return code === undefined
      ? error
      : artifactUnavailable(name, `cannot use its folder (${code})`, error);
  }

  async function guarded<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw explain(error);
    }
  }

  const put: ArtifactStore['put'] = async (key, source, options, signal) => {
    parseKey(key);
    checkMediaType(options.mediaType);
    signal.throwIfAborted();
    const { pieces, facts } = measured(source, {
      mediaType: options.mediaType,
      maxBytes: Math.min(options.maxBytes ?? maxBytes, maxBytes),
      signal,
    });
    const half = join(incoming, randomUUID());
    const file = await guarded(() => createFile(half));
    try {
      try {
        for await (const piece of pieces) await guarded(() => file.writeFile(piece));
        await guarded(() => file.sync());
      } finally {
        await file.close();
      }
      await guarded(() => moveInto(half, root, key));
    } finally {
      await rm(half, { force: true });
    }
    return referenceTo({ store: name, key, ...facts() }, options.mediaType);
  };

  const open: ArtifactStore['open'] = async (reference, signal) => {
    checkStore(reference, name);
    signal.throwIfAborted();
    const file = await guarded(() => openPlainFile(root, reference.key));
    if (file === undefined) throw artifactMissing(reference);
    return verified(file.createReadStream(), reference, { signal, explain });
  };

  async function list(prefix: string, cursor = ''): Promise<ArtifactPage> {
    const entries: ArtifactEntry[] = [];
    for await (const entry of filesBelow(root, prefix, cursor)) {
      if (entries.length === pageSize) return { entries, cursor: entries.at(-1)?.key };
      entries.push(entry);
    }
    return { entries, cursor: undefined };
  }

  async function remove(keys: readonly string[]): Promise<void> {
    for (const key of keys) parseKey(key);
    for (const key of keys) await removeFile(root, key);
  }

  await guarded(async () => {
    await mkdir(incoming, { recursive: true, mode: 0o700 });
    await removeLeftBehind(incoming);
  });
  return {
    name,
    maxBytes,
    put,
    open,
    list: (prefix, cursor) => guarded(() => list(prefix, cursor)),
    delete: (keys) => guarded(() => remove(keys)),
    async close() {},
  };
}

/** Half-written files of processes that were killed. */
async function removeLeftBehind(incoming: string): Promise<void> {
  for (const name of await readdir(incoming)) {
    const file = join(incoming, name);
    const facts = await stat(file).catch(() => undefined);
    if (facts && Date.now() - facts.mtimeMs > LEFT_BEHIND_MS) await rm(file, { force: true });
  }
}
