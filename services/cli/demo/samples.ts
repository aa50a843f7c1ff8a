import { readdirSync, readFileSync } from 'node:fs';
import { basename, extname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../shared/envelope/json.ts';
import { ConfigError } from '../../../shared/errors/errors.ts';
import { jobTitle } from '../input/job-title.ts';
import type { ShownJob } from './report.ts';

/** A job of `infra/samples`; the README there says how such a file is written. */
export interface SampleJob extends ShownJob {
  readonly flowVersion: number | undefined;
  readonly payload: JsonObject;
  readonly context: JsonObject;
}

const imageTypes: Readonly<Record<string, string>> = { '.png': 'image/png', '.jpg': 'image/jpeg' };

export const sampleFolder: string = fileURLToPath(
  new URL('../../../infra/samples', import.meta.url),
);

/** Every sample job of a folder, by file name. Throws ConfigError `sample_invalid`. */
export function readSamples(folder: string): SampleJob[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => readSample(folder, file));
}

function readSample(folder: string, file: string): SampleJob {
  const sample: JsonValue = JSON.parse(readFileSync(join(folder, file), 'utf8'));
  const { flow, payload, context = {} } = isJsonObject(sample) ? sample : {};
  if (typeof flow !== 'string' || !isJsonObject(payload ?? null) || !isJsonObject(context)) {
    throw new ConfigError([`${file}: expected { "flow": …, "payload": { … } }.`], 'sample_invalid');
  }
  const [name = '', version] = flow.split('@');
  const names = filesIn(payload ?? null).filter((path) => extname(path) in imageTypes);
  const filled = fill(payload ?? null, folder) as JsonObject;
  return {
    flow: name,
    flowVersion: version === undefined ? undefined : Number(version),
    payload: filled,
    context: fill(context, folder) as JsonObject,
    title: names.length > 0 ? names.map((path) => basename(path)).join(', ') : jobTitle(filled),
  };
}

/** `{ "$file": path }` becomes what is in the file: an image as a data URL, anything else as text. */
function fill(value: JsonValue, folder: string): JsonValue {
  if (Array.isArray(value)) return value.map((item) => fill(item, folder));
  if (!isJsonObject(value)) return value;
  const path = fileOf(value);
  if (path !== undefined) return fileText(path, folder);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fill(item, folder)]));
}

function fileText(path: string, folder: string): string {
  const whole = resolve(folder, path);
  if (relative(folder, whole).startsWith('..')) {
    throw new ConfigError([`${path}: the path leaves the folder of samples.`], 'sample_invalid');
  }
  const type = imageTypes[extname(path)];
  if (type === undefined) return readFileSync(whole, 'utf8');
  return `data:${type};base64,${readFileSync(whole).toString('base64')}`;
}

function filesIn(value: JsonValue): string[] {
  if (Array.isArray(value)) return value.flatMap(filesIn);
  if (!isJsonObject(value)) return [];
  const path = fileOf(value);
  return path === undefined ? Object.values(value).flatMap(filesIn) : [path];
}

function fileOf(value: JsonObject): string | undefined {
  const { $file: path } = value;
  return typeof path === 'string' && Object.keys(value).length === 1 ? path : undefined;
}
