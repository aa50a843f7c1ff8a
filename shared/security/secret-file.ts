import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Writes a file whole or not at all, and never readable by others, not even for a moment. Its folder is made, for its owner alone,
 * where there is none. With the same text in it the file stays as it is, and whoever watches it sees no change.
 */
export function writeSecret(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  if (existsSync(path) && readFileSync(path, 'utf8') === text) return;
  const fresh = `${path}.new`;
  writeFileSync(fresh, text, { mode: 0o600 });
  // What a crash left there may have had another mode.
  chmodSync(fresh, 0o600);
  renameSync(fresh, path);
}
