import { existsSync, readFileSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

/** A file of JSON lines that are on the disk before anybody is told so. Lines that come together share one fsync. */
export class FsyncedLines {
  readonly #file: Promise<FileHandle>;
  #waiting: string[] = [];
  #written: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;

  constructor(path: string) {
    this.#file = open(path, 'a');
  }

  /** Resolves when the line is on the disk. */
  append(line: object): Promise<void> {
    this.#waiting.push(`${JSON.stringify(line)}\n`);
    this.#next ??= this.#written.then(() => this.#write());
    return this.#next;
  }

  async close(): Promise<void> {
    await this.#next;
    await (await this.#file).close();
  }

  #write(): Promise<void> {
    const text = this.#waiting.join('');
    this.#waiting = [];
    this.#next = undefined;
    this.#written = this.#file.then(async (file) => {
      await file.appendFile(text);
      await file.datasync();
    });
    return this.#written;
  }
}

/** The lines of a file; none when it is not there. A last line without its end was being written when its process died. */
export function readLines<T>(path: string): T[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').split('\n');
  lines.pop();
  return lines.map((line) => JSON.parse(line) as T);
}
