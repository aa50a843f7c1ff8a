import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import { referencesIn } from '../artifacts/references.ts';
import { jsonPointer } from '../envelope/codec.ts';
import type { JsonObject, JsonValue } from '../envelope/json.ts';

/** A compiled input schema. */
export interface InputSchema {
  /**
   * Problems as `/json/pointer sentence`; empty: the value fits. It stops at the first, so that bad input costs little. A reference
   * to an artifact fits wherever it stands: whoever reads it knows whether its value does.
   */
  check(value: JsonValue): readonly string[];
}

/** Longest text that a `pattern` may be tried on; with three repetitions a pattern then takes some 50 ms at most. */
const MAX_PATTERN_TEXT = 256;
const MAX_REPETITIONS = 3;
/** More problems than this help nobody. */
const MAX_PROBLEMS = 10;
/** Keywords that say no to a value as a whole for what is wrong inside it. */
const UNIONS: ReadonlySet<string> = new Set(['anyOf', 'oneOf', 'not', 'if', 'contains']);

const options = {
  strict: true,
  allowUnionTypes: true,
  strictTypes: false,
  strictRequired: false,
  strictTuples: false,
  validateFormats: false,
  logger: false,
} as const;
const ajv = new Ajv2020(options);
/** For values with references: the first problem may be one, and none. */
const thorough = new Ajv2020({ ...options, allErrors: true });

/** Compiles a JSON Schema (draft 2020-12) of a flow's payload; sentences about it when it is none, or not safe. */
export function compileInputSchema(schema: JsonObject): InputSchema | readonly string[] {
  const unsafe = unsafeParts(schema, '');
  if (unsafe.length > 0) return unsafe;
  let validate: ValidateFunction;
  try {
    validate = ajv.compile(schema);
  } catch (error) {
    return [`This is no JSON Schema: ${error instanceof Error ? error.message : String(error)}.`];
  } finally {
    // It would keep every schema it ever saw.
    ajv.removeSchema(schema);
  }
  let validateAll: ValidateFunction | undefined;
  return {
    check(value) {
      if (validate(value)) return [];
      const places = referencesIn(value).map(({ path }) => jsonPointer(path));
      if (places.length === 0) return problemsOf(validate);
      validateAll ??= compileThorough(schema);
      validateAll(value);
      return problemsOf(validateAll, places).slice(0, MAX_PROBLEMS);
    },
  };
}

function compileThorough(schema: JsonObject): ValidateFunction {
  try {
    return thorough.compile(schema);
  } finally {
    thorough.removeSchema(schema);
  }
}

/** What the last check found. `references`: pointers to what fits whatever is asked there. */
function problemsOf(
  { errors }: ValidateFunction,
  references: readonly string[] = [],
): readonly string[] {
  const found = errors ?? [];
  // Which of several shapes is meant cannot be told where one of them would have a reference: whoever reads it knows.
  const open = found.some(
    ({ keyword, instancePath }) =>
      UNIONS.has(keyword) && references.some((place) => isWithin(place, instancePath)),
  );
  if (open) return [];
  return found
    .filter(({ instancePath }) => !references.some((place) => isWithin(instancePath, place)))
    .map((error) => `${error.instancePath || '/'} ${sentenceOf(error)}`);
}

function isWithin(pointer: string, whole: string): boolean {
  return pointer === whole || pointer.startsWith(`${whole}/`);
}

function sentenceOf(error: ErrorObject): string {
  const { keyword, params, message = 'does not fit' } = error;
  if (keyword === 'required') return `needs the field "${params['missingProperty']}"`;
  if (keyword === 'additionalProperties')
    return `has the field "${params['additionalProperty']}", which is not known here`;
  if (keyword === 'enum') return `must be one of ${JSON.stringify(params['allowedValues'])}`;
  return message;
}

/**
 * A pattern is tried on whatever a client sends: it must belong to a text of limited length, and have few repetitions, none
 * inside another, no alternative inside one, no look-around and no back-reference.
 */
function unsafeParts(schema: JsonValue, path: string): readonly string[] {
  if (schema === null || typeof schema !== 'object') return [];
  if (Array.isArray(schema)) {
    return schema.flatMap((item, index) => unsafeParts(item, `${path}/${index}`));
  }
  const found = Object.entries(schema).flatMap(([key, value]) => [
    ...unsafeParts(value, `${path}/${key}`),
  ]);
  const { pattern, maxLength, $ref: reference } = schema;
  for (const key of ['patternProperties', '$async']) {
    if (Object.hasOwn(schema, key)) found.push(`${path}/${key} is not supported.`);
  }
  if (typeof reference === 'string' && !reference.startsWith('#')) {
    found.push(`${path}/$ref points outside the schema: write #/….`);
  }
  if (typeof pattern !== 'string') return found;
  if (typeof maxLength !== 'number' || maxLength > MAX_PATTERN_TEXT) {
    found.push(`${path}: a pattern needs a maxLength of at most ${MAX_PATTERN_TEXT} beside it.`);
  }
  if (mayRunLong(pattern)) {
    const rules = `at most ${MAX_REPETITIONS} repetitions (one less without a leading ^), none inside another, no look-around, no back-reference`;
    found.push(`${path}: this pattern may run very long. Allowed are ${rules}.`);
  }
  return found;
}

function mayRunLong(pattern: string): boolean {
  const bare = pattern.replace(/\\[^1-9k]/g, 'x').replace(/\[[^\]]*\]/g, 'x');
  const repetitions = bare.match(/[*+]|\{\d+,\d*\}/g) ?? [];
  const repeatsGroup = /\)(?:[*+]|\{)/.test(bare) && /\([^)]*[*+{|?]/.test(bare);
  // A pattern that may begin anywhere is tried at every character: that counts as one more.
  const floating = bare.startsWith('^') && !bare.includes('|') ? 0 : 1;
  return (
    repetitions.length + floating > MAX_REPETITIONS ||
    repeatsGroup ||
    /\(\?(?!:)|\\[1-9k]/.test(bare)
  );
}
