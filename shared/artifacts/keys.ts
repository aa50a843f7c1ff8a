import { randomBytes } from 'node:crypto';
import { nameSchema } from '../envelope/envelope.ts';
import { artifactNotAllowed, badArtifactKey } from './artifact-errors.ts';

/**
 * Keys are minted by us and say all that a store has to know without asking: whose an artifact is and until when it is kept.
 *
 *     <tenant>/<run>/<name>            what came with the job
 *     <tenant>/<run>/<model>/<name>    what a model wrote
 *
 * `<name>` is the instant of expiry to the second and 128 random bits, in lower case for disks that do not tell `a` from `A`:
 * `20261127T081000Z-5e0c…`. Nothing else matches the grammar: no `..`, no `//`, no `/` in front, no percent sign, no control
 * character.
 */

const NAME = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z-[0-9a-f]{32}$/;
const RUN = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
/** Two routing words, a uuid and a name fit; a longer text is not even looked at. */
const MAX_KEY_LENGTH = 256;

/** Whose artifacts are meant: those of a run, or those that one model wrote in it. */
export interface ArtifactScope {
  readonly tenant: string;
  /** Run id. */
  readonly run: string;
  /** Left out: the job itself. */
  readonly model?: string | undefined;
}

/** What a key says. */
export interface KeyParts extends ArtifactScope {
  readonly expiresAtMs: number;
}

/** A new key that nobody can guess. The expiry is rounded up to the next second. Throws `bad_artifact_key` for a scope that is none. */
export function mintKey(scope: ArtifactScope, expiresAtMs: number): string {
  const expiry = new Date(Math.ceil(expiresAtMs / 1_000) * 1_000);
  const stamp = expiry.toISOString().replace(/[-:]|\.000/g, '');
  const key = `${prefixOf(scope)}${stamp}-${randomBytes(16).toString('hex')}`;
  parseKey(key);
  return key;
}

/** The beginning that all keys of a scope have, with its last `/`. */
export function prefixOf({ tenant, run, model }: ArtifactScope): string {
  return `${tenant}/${run}/${model === undefined ? '' : `${model}/`}`;
}

/** Throws ContractError `bad_artifact_key` for what is no key. */
export function parseKey(key: string): KeyParts {
  const parts = partsOf(key);
  if (parts === undefined) {
    throw badArtifactKey('is not <tenant>/<run>/<name> or <tenant>/<run>/<model>/<name>');
  }
  return parts;
}

export function isArtifactKey(key: string): boolean {
  return partsOf(key) !== undefined;
}

/** Milliseconds since 1970 from which on a key's bytes may be gone; undefined for what is no key. */
export function expiryOfKey(key: string): number | undefined {
  return partsOf(key)?.expiresAtMs;
}

/**
 * Holds a key to a scope: its tenant and run, and where the scope names a model that model's prefix. Throws ContractError
 * `bad_artifact_key` for no key, `artifact_not_allowed` for one that lies elsewhere.
 */
export function checkWithin(scope: ArtifactScope, key: string): void {
  const parts = parseKey(key);
  if (parts.tenant !== scope.tenant) throw artifactNotAllowed('belongs to another tenant');
  if (parts.run !== scope.run) throw artifactNotAllowed('belongs to another run');
  if (scope.model !== undefined && parts.model !== scope.model) {
    throw artifactNotAllowed(`is not one that ${scope.model} wrote`);
  }
}

function partsOf(key: string): KeyParts | undefined {
  if (typeof key !== 'string' || key.length > MAX_KEY_LENGTH) return undefined;
  const segments = key.split('/');
  if (segments.length !== 3 && segments.length !== 4) return undefined;
  const [tenant = '', run = ''] = segments;
  const model = segments.length === 4 ? segments[2] : undefined;
  const expiresAtMs = expiryOfName(segments.at(-1) ?? '');
  if (expiresAtMs === undefined || !RUN.test(run) || !isName(tenant)) return undefined;
  if (model !== undefined && !isName(model)) return undefined;
  return { tenant, run, model, expiresAtMs };
}

function isName(text: string): boolean {
  return nameSchema.safeParse(text).success;
}

function expiryOfName(name: string): number | undefined {
  const found = NAME.exec(name);
  if (!found) return undefined;
  const [, year, month, day, hour, minute, second] = found;
  const iso = `${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`;
  const atMs = Date.parse(iso);
  // 30 February is a date to the parser, and the first of March to what it returns.
  return Number.isNaN(atMs) || new Date(atMs).toISOString() !== iso ? undefined : atMs;
}
