import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** The files of one run of chaos. */
export interface Folder {
  readonly root: string;
  readonly flows: string;
  /** Of the keys with which everybody signs. */
  readonly keys: string;
  readonly ledger: string;
  readonly results: string;
  readonly heard: string;
  readonly faults: string;
  /** Of SQLite. */
  readonly database: string;
}

export function folderAt(root: string): Folder {
  return {
    root,
    flows: join(root, 'flows'),
    keys: join(root, 'keys'),
    ledger: join(root, 'ledger.jsonl'),
    results: join(root, 'results.jsonl'),
    heard: join(root, 'heard.jsonl'),
    faults: join(root, 'faults.jsonl'),
    database: join(root, 'store.db'),
  };
}

/** Each life of a worker has a file of its own. */
export function callsFile(root: string, life: string): string {
  return join(root, `calls-${life}.jsonl`);
}

export function callsFiles(root: string): readonly string[] {
  return readdirSync(root)
    .filter((name) => name.startsWith('calls-'))
    .map((name) => join(root, name));
}
