import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from '../errors/errors.ts';
import type { Logger } from '../telemetry/logger.ts';
import { type KeyFile, keyFileSchema } from './key-file.ts';
import { Keyring } from './keyring.ts';
import { type Identity, type Spoke, spokeOf } from './spoke.ts';

/** Keys are looked for again that often, and whenever a message names one that is not known. */
const LOOK_EVERY_MS = 15_000;

/** The keys that a process has, which may change while it runs. */
export interface KeyStore {
  readonly ring: Keyring;
  /**
   * Reads the keys again where their files have changed: as cheap as a look at a folder, so that a stranger's messages make nobody
   * read, and none that is signed with a key of this moment is refused. True: there is something new.
   */
  readAgain(): boolean;
  close(): void;
}

/** Keys that never change: those of an environment variable, or of a test. */
export function fixedKeys(files: readonly KeyFile[]): KeyStore {
  const ring = new Keyring(files);
  return { ring, readAgain: () => false, close: () => {} };
}

/**
 * The keys of a folder, as this process may have them: the coordinators all, anybody else its own. Throws ConfigError
 * `keys_not_found`, or `keys_invalid` with every problem. Later problems are logged, and the keys stay as they were.
 */
export function keysInFolder(
  folder: string,
  identity: Identity,
  logger: Logger,
  lookEveryMs = LOOK_EVERY_MS,
): KeyStore {
  let state = stateOf(folder, identity);
  let ring = new Keyring(readKeys(folder, identity));
  const look = (): boolean => {
    const found = stateOf(folder, identity);
    if (found === state) return false;
    state = found;
    try {
      ring = new Keyring(readKeys(folder, identity));
      logger.info({ folder }, 'keys read again');
      return true;
    } catch (error) {
      logger.error({ folder, reason: String(error) }, 'keys not read again; the old ones stay');
      return false;
    }
  };
  const timer = setInterval(look, lookEveryMs).unref();
  return {
    get ring() {
      return ring;
    },
    readAgain: look,
    close: () => clearInterval(timer),
  };
}

/** `worker.sentiment.json`; what only the spoke may know has a name of its own. */
export function keyFileName(spoke: Spoke, side: 'coordinator' | 'spoke'): string {
  return side === 'spoke' ? `${spoke}.own.json` : `${spoke}.json`;
}

/** The names of the key files in a folder that this process may have: the coordinators all of their side, anybody else its own. */
export function keyFilesOf(folder: string, identity: Identity): string[] {
  const names = readdirSync(folder).filter((name) => name.endsWith('.json'));
  if (identity.party === 'coordinator') return names.filter((name) => !name.endsWith('.own.json'));
  const spoke = spokeOf(identity);
  const own = [keyFileName(spoke, 'spoke'), keyFileName(spoke, 'coordinator')];
  const found = own.find((name) => names.includes(name));
  return found === undefined ? [] : [found];
}

/** It differs when anything of the files has changed, be it who may read them. */
function stateOf(folder: string, identity: Identity): string {
  try {
    return keyFilesOf(folder, identity)
      .map((name) => `${name}@${statSync(join(folder, name)).ctimeMs}`)
      .join();
  } catch {
    return 'unreadable';
  }
}

function readKeys(folder: string, identity: Identity): KeyFile[] {
  const problems: string[] = [];
  const files = filesIn(folder, identity).flatMap((name) => {
    const read = readOne(join(folder, name));
    if ('problem' in read) problems.push(read.problem);
    return 'file' in read ? [read.file] : [];
  });
  if (problems.length > 0) throw new ConfigError(problems, 'keys_invalid');
  return files;
}

function filesIn(folder: string, identity: Identity): string[] {
  try {
    return keyFilesOf(folder, identity);
  } catch {
    throw new ConfigError(
      [`${folder} cannot be read: make keys with \`npx flotilla keys\`, or set KEYS_DIR.`],
      'keys_not_found',
    );
  }
}

function readOne(path: string): { readonly file: KeyFile } | { readonly problem: string } {
  const others = statSync(path).mode & 0o077;
  if (others !== 0 && process.platform !== 'win32') {
    return { problem: `${path} can be read by others: chmod 600 ${path}` };
  }
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    // What a parser says may quote the file.
    return { problem: `${path} is no JSON.` };
  }
  const parsed = keyFileSchema.safeParse(value);
  if (parsed.success) return { file: parsed.data };
  const why = parsed.error.issues.map(({ path: at, message }) => `${at.join('.')}: ${message}`);
  return { problem: `${path}: ${why.join('; ')}` };
}
