import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Key, type KeyFile, keyFileSchema, type NewKey, newKey } from './key-file.ts';
import { keyFileName } from './key-store.ts';
import { writeSecret } from './secret-file.ts';
import { coordinatorSpoke, type Spoke } from './spoke.ts';

export interface NewKeyOptions {
  readonly alg: Key['alg'];
  /** The new key opens at once, and signs from then on: the other side may need time to get it. */
  readonly sealsFromMs: number;
}

/** Makes a key for each spoke that has none. Answers for whom. */
export function addKeys(
  folder: string,
  spokes: readonly Spoke[],
  options: NewKeyOptions,
): readonly Spoke[] {
  const missing = spokes.filter(
    (spoke) => !existsSync(join(folder, keyFileName(spoke, 'coordinator'))),
  );
  for (const spoke of missing) write(folder, spoke, keyFor(spoke, options), () => []);
  return missing;
}

/** Adds a key beside those that a spoke has: until they are retired, all of them open. Answers its id. */
export function rotateKey(folder: string, spoke: Spoke, options: NewKeyOptions): string {
  const key = keyFor(spoke, options);
  write(folder, spoke, key, (kept) => kept);
  return key.coordinator.kid;
}

/** Takes away all keys of a spoke but the newest that may sign. Answers how many. */
export function retireKeys(folder: string, spoke: Spoke, nowMs: number): number {
  const [file] = filesOf(folder, spoke);
  const current = file?.keys
    .filter(({ sealsFrom }) => Date.parse(sealsFrom) <= nowMs)
    .toSorted((one, other) => Date.parse(other.sealsFrom) - Date.parse(one.sealsFrom))[0];
  if (file === undefined || current === undefined) return 0;
  const kept = file.keys.filter(
    ({ kid, sealsFrom }) => kid === current.kid || Date.parse(sealsFrom) > nowMs,
  );
  const kids = new Set(kept.map(({ kid }) => kid));
  for (const { keys, path } of filesOf(folder, spoke)) {
    save(path, { spoke, keys: keys.filter(({ kid }) => kids.has(kid)) });
  }
  return file.keys.length - kept.length;
}

/** Among coordinators there is one side only. */
function keyFor(spoke: Spoke, { alg, sealsFromMs }: NewKeyOptions): NewKey {
  return newKey(spoke, spoke === coordinatorSpoke ? 'HS256' : alg, sealsFromMs);
}

interface PlacedFile extends KeyFile {
  readonly path: string;
}

/** What the coordinators have of a spoke, and what the spoke has where that is something else. */
function filesOf(folder: string, spoke: Spoke): PlacedFile[] {
  return (['coordinator', 'spoke'] as const)
    .map((side) => join(folder, keyFileName(spoke, side)))
    .filter((path) => existsSync(path))
    .map((path) => ({ ...keyFileSchema.parse(JSON.parse(readFileSync(path, 'utf8'))), path }));
}

/** Both sides read one file while all keys are shared secrets; with a key pair each has its own. */
function write(
  folder: string,
  spoke: Spoke,
  key: NewKey,
  keep: (keys: readonly Key[]) => readonly Key[],
): void {
  const [hub, own = hub] = filesOf(folder, spoke);
  const isShared = key.coordinator === key.spoke && own === hub;
  save(join(folder, keyFileName(spoke, 'coordinator')), {
    spoke,
    keys: [...keep(hub?.keys ?? []), key.coordinator],
  });
  if (isShared) return;
  save(join(folder, keyFileName(spoke, 'spoke')), {
    spoke,
    keys: [...keep(own?.keys ?? []), key.spoke],
  });
}

function save(path: string, file: KeyFile): void {
  writeSecret(path, `${JSON.stringify(file, null, 2)}\n`);
}
