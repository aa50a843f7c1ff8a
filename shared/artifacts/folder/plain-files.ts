import {
  constants,
  type FileHandle,
  lstat,
  mkdir,
  open,
  rename,
  rmdir,
  unlink,
} from 'node:fs/promises';
import { join } from 'node:path';
import { artifactNotAllowed } from '../artifact-errors.ts';

/** Files below a root that are reached through folders alone: whoever plants a link there leads nobody out. */

/** How often folders are made again that somebody deleted as empty at the same instant. */
const MAKE_AGAIN = 100;

/** A new file for its owner alone, open for writing. */
export function createFile(path: string): Promise<FileHandle> {
  return open(path, 'wx', 0o600);
}

/** Moves a finished file to `key` below the root, over what is there; durable when it resolves. */
export async function moveInto(file: string, root: string, key: string): Promise<void> {
  for (let time = 1; ; time++) {
    try {
      await walkDown(root, key, (folder) => mkdir(folder, { mode: 0o700 }));
      await rename(file, join(root, key));
      break;
    } catch (error) {
      if (codeOf(error) !== 'ENOENT' || time === MAKE_AGAIN) throw error;
    }
  }
  // From the file upwards, so that a name is never on the disk before what it names.
  for (const folder of foldersOf(key).reverse()) await syncFolder(join(root, folder));
  await syncFolder(root);
}

/** Opens a file for reading; undefined when there is none. Throws ContractError `artifact_not_allowed` for a link and the like. */
export async function openPlainFile(root: string, key: string): Promise<FileHandle | undefined> {
  let file: FileHandle | undefined;
  try {
    await walkDown(root, key);
    // Without O_NONBLOCK a named pipe would wait for a writer.
    file = await open(join(root, key), constants.O_RDONLY | NO_FOLLOW | NON_BLOCKING);
    if ((await file.stat()).isFile()) return file;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    if (codeOf(error) !== 'ELOOP') throw error;
  }
  await file?.close();
  throw artifactNotAllowed('is no plain file');
}

/** Deletes a file and the folders that it leaves empty; what is not there is no error. */
export async function removeFile(root: string, key: string): Promise<void> {
  try {
    await walkDown(root, key);
    await unlink(join(root, key));
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
  for (const folder of foldersOf(key).reverse()) {
    // Not empty, or gone already: both are as well.
    const removed = await rmdir(join(root, folder)).then(
      () => true,
      () => false,
    );
    if (!removed) return;
  }
}

/** The code of an error of the operating system (`ENOSPC`), undefined for any other. */
export function codeOf(error: unknown): string | undefined {
  const { code, syscall } = error as NodeJS.ErrnoException;
  return syscall === undefined ? undefined : code;
}

// Windows knows neither.
const NO_FOLLOW = constants.O_NOFOLLOW ?? 0;
const NON_BLOCKING = constants.O_NONBLOCK ?? 0;

/** The folders on the way to a key, the uppermost first: `a`, `a/b` for `a/b/c`. */
function foldersOf(key: string): string[] {
  const names = key.split('/').slice(0, -1);
  return names.map((_, n) => names.slice(0, n + 1).join('/'));
}

/** Checks each folder on the way to a key, after making those that are missing where it is told how. */
async function walkDown(
  root: string,
  key: string,
  make?: (folder: string) => Promise<unknown>,
): Promise<void> {
  for (const name of foldersOf(key)) {
    const folder = join(root, name);
    await make?.(folder).catch((error: unknown) => {
      if (codeOf(error) !== 'EEXIST') throw error;
    });
    if (!(await lstat(folder)).isDirectory()) throw artifactNotAllowed('lies behind a link');
  }
}

async function syncFolder(path: string): Promise<void> {
  // Windows opens no folder, and needs no such call.
  if (process.platform === 'win32') return;
  let folder: FileHandle;
  try {
    folder = await open(path, 'r');
  } catch (error) {
    // Deleted already, with what was moved into it.
    if (codeOf(error) === 'ENOENT') return;
    throw error;
  }
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
