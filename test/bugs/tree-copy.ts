import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

const root = join(import.meta.dirname, '../..');
const leftOut = new Set(['node_modules', '.git', '.flotilla']);

/** An edit of one file. */
export interface Edit {
  readonly file: string;
  readonly was: string;
  readonly becomes: string;
}

/** The edited text; throws unless what is to be replaced stands there exactly once. */
export function edited(text: string, { file, was, becomes }: Edit): string {
  const [before, after, ...more] = text.split(was);
  if (before === undefined || after === undefined || more.length > 0) {
    throw new Error(`Not exactly once in ${file}: ${was.trim()}`);
  }
  return before + becomes + after;
}

/** A copy of the project that may be broken; its packages are those of the project itself. */
export class TreeCopy {
  readonly folder: string;

  static async make(): Promise<TreeCopy> {
    const folder = await mkdtemp(join(tmpdir(), 'flotilla-bugs-'));
    await cp(root, folder, {
      recursive: true,
      filter: (source) => !leftOut.has(basename(source)),
    });
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
    return new TreeCopy(folder);
  }

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** Runs work with the edit in place, and takes it back. */
  async with<T>(edit: Edit, work: () => Promise<T>): Promise<T> {
    const path = join(this.folder, edit.file);
    const text = await readFile(path, 'utf8');
    await writeFile(path, edited(text, edit));
    try {
      return await work();
    } finally {
      await writeFile(path, text);
    }
  }

  remove(): Promise<void> {
    return rm(this.folder, { recursive: true });
  }
}
