import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { nameSchema } from '../envelope/envelope.ts';
import type { JsonObject } from '../envelope/json.ts';
import { ConfigError } from '../errors/errors.ts';
import { durationMs } from '../flow/duration.ts';
import { schemaCheck } from './json-schema.ts';
import { fieldsOf } from './prompt.ts';

/** A model behind an OpenAI-compatible API, as data: one YAML file of `infra/models`. */

const environmentName = z.string().regex(/^[A-Z][A-Z0-9_]*$/, 'must be NAMED_LIKE_THIS');
const price = z.number().nonnegative();
const count = z.number().int().positive();

const objectSchema = z.record(z.string(), z.json()).superRefine((schema, context) => {
  const say = (message: string) => context.addIssue({ code: 'custom', message });
  try {
    schemaCheck(schema);
    if (schema['type'] !== 'object') say('must be a JSON Schema of type object');
  } catch (error) {
    say(`is no JSON Schema: ${error instanceof Error ? error.message : String(error)}`);
  }
});

const fileSchema = z
  .strictObject({
    name: nameSchema,
    /** Major version of the contract. */
    version: z.number().int().positive(),
    description: z.string().min(1).max(1_000),
    /** The server, up to and with `/v1`. */
    baseUrl: z.url({ protocol: /^https?$/ }).optional(),
    /** Environment variable that names the server instead, where it is set. */
    baseUrlEnv: environmentName.optional(),
    /** The server's own name of the model. */
    providerModel: z.string().min(1),
    providerModelEnv: environmentName.optional(),
    /** Environment variable that holds the key. Not set: no key is sent. */
    apiKeyEnv: environmentName.optional(),
    /** `{{field}}` stands for a field of the input. */
    prompt: z.strictObject({ system: z.string().optional(), user: z.string().min(1) }),
    /** JSON Schemas of the contract. */
    input: objectSchema,
    output: objectSchema,
    /** True: the answer is a JSON object of the output schema. False: the output is { text }. */
    json: z.boolean().default(false),
    temperature: z.number().min(0).max(2).optional(),
    maxTokens: z.number().int().positive().optional(),
    /** Streams the tokens to whoever watches the run. */
    stream: z.boolean().default(false),
    prices: z.strictObject({ inputPerMillionUsd: price, outputPerMillionUsd: price }).optional(),
    /** What one call is expected to use. */
    estimate: z
      .strictObject({
        inputTokens: count.optional(),
        outputTokens: count.optional(),
        computeMs: count.optional(),
        microUsd: count.optional(),
      })
      .optional(),
    limits: z
      .strictObject({
        /** A longer prompt is refused before anything is paid for. */
        maxPromptCharacters: z.number().int().positive().default(200_000),
        /** A longer answer is cut off and refused. */
        maxAnswerCharacters: z.number().int().positive().default(200_000),
        /** Calls under way at a time, all workers together. */
        inFlight: count.optional(),
        requestsPerMinute: count.optional(),
        /** Input and output together. */
        tokensPerMinute: count.optional(),
        /** Requests in the queue and under way; further calls wait with the coordinator. */
        window: count.optional(),
      })
      .prefault({}),
    concurrency: z.number().int().min(1).max(1_000).default(4),
    /** How long one call may take, whatever its step allows. */
    timeout: z.string().default('60s').transform(toMs),
  })
  .superRefine((file, context) => {
    const say = (path: string[], message: string) =>
      context.addIssue({ code: 'custom', path, message });
    if (!file.baseUrl && !file.baseUrlEnv) say(['baseUrl'], 'baseUrl or baseUrlEnv is needed');
    for (const part of ['system', 'user'] as const) {
      for (const field of unknownFields(file.prompt[part] ?? '', file.input)) {
        say(['prompt', part], `{{${field}}} is no property of input`);
      }
    }
    const text = { text: 'An answer.' };
    if (!file.json && schemaCheck(file.output)(text).length > 0) {
      say(['output'], 'must take { text: "…" }, or json must be true');
    }
  });

export type ModelFile = z.infer<typeof fileSchema>;

/** Where the file of a model is: `infra/models/<name>.yaml` for a name, anything else is a path already. */
export function modelFilePath(nameOrPath: string): string {
  if (!nameSchema.safeParse(nameOrPath).success) return nameOrPath;
  return fileURLToPath(new URL(`../../infra/models/${nameOrPath}.yaml`, import.meta.url));
}

/**
 * Reads a model file. Throws a ConfigError `model_file_invalid` that names every problem with file and line; how the fields fit
 * together is looked at when each of them is right.
 */
export function readModelFile(path: string): ModelFile {
  let source: string;
  try {
    source = readFileSync(path, 'utf8');
  } catch {
    throw new ConfigError([`${path}: cannot be read`], 'model_file_invalid');
  }
  return parseModelFile(source, path);
}

/** The same for text that is read already; `file` is its name in the problems. */
export function parseModelFile(source: string, file: string): ModelFile {
  const lines = new LineCounter();
  const document = parseDocument(source, { lineCounter: lines, prettyErrors: false });
  const problemAt = (offset: number, message: string) =>
    `${file}:${lines.linePos(offset).line}: ${message}`;
  const faults = [...document.errors, ...document.warnings];
  if (faults.length > 0) {
    throw new ConfigError(
      faults.map((fault) => problemAt(fault.pos[0], fault.message)),
      'model_file_invalid',
    );
  }
  const parsed = fileSchema.safeParse(document.toJS());
  if (parsed.success) return parsed.data;
  const offsetOf = (path: readonly PropertyKey[]): number => {
    const node = document.getIn(path, true);
    const range = isNode(node) ? node.range : undefined;
    if (range) return range[0];
    return path.length === 0 ? 0 : offsetOf(path.slice(0, -1));
  };
  const problems = parsed.error.issues.flatMap(placesOf).map(({ path, message }) => {
    const where = path.join('.');
    return problemAt(offsetOf(path), where === '' ? message : `${where}: ${message}`);
  });
  throw new ConfigError(problems, 'model_file_invalid');
}

/** An unknown key is a problem where it stands, not where its map begins. */
function placesOf(issue: z.core.$ZodIssue) {
  if (issue.code !== 'unrecognized_keys') return [{ path: issue.path, message: issue.message }];
  return issue.keys.map((key) => ({ path: [...issue.path, key], message: 'unknown field' }));
}

function isNode(value: unknown): value is { range?: [number, number, number] | null } {
  return typeof value === 'object' && value !== null && 'range' in value;
}

function unknownFields(template: string, input: JsonObject): string[] {
  const properties = input['properties'];
  if (typeof properties !== 'object' || properties === null) return [];
  return fieldsOf(template).filter(
    (field) => !Object.hasOwn(properties, field.split('.')[0] ?? field),
  );
}

function toMs(text: string, context: z.RefinementCtx): number {
  const ms = durationMs(text);
  if (ms !== undefined) return ms;
  context.addIssue({ code: 'custom', message: 'must be a duration like 500ms, 30s or 2m' });
  return z.NEVER;
}
