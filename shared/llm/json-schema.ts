import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js';
import { z } from 'zod';
import { isJsonObject, type JsonObject } from '../envelope/json.ts';

/** What is wrong with a value: where (a JSON Pointer, empty for the whole) and why. Never quotes the value. */
export interface SchemaProblem {
  readonly pointer: string;
  readonly message: string;
}

/** More problems than this help nobody, and a long list of bad elements must not fill a reply. */
const MAX_PROBLEMS = 10;

/** A JSON Schema (2020-12) as a check. Throws an Error with a readable message when the schema itself is wrong. */
export function schemaCheck(schema: JsonObject): (value: unknown) => SchemaProblem[] {
  // Formats are notes for people: a list of checked ones would differ from server to server.
  const ajv = new Ajv2020({ allErrors: true, strict: false, validateFormats: false });
  const validate = ajv.compile(schema);
  return (value) =>
    validate(value) ? [] : (validate.errors ?? []).slice(0, MAX_PROBLEMS).map(problemOf);
}

/** The same check as a zod schema, for a model's contract; announced exactly as it was written. */
export function zodOf(schema: JsonObject): z.ZodType<JsonObject> {
  const check = schemaCheck(schema);
  return z
    .custom<JsonObject>(isJsonObject, 'expected an object')
    .superRefine((value, context) => {
      for (const { pointer, message } of check(value)) {
        context.addIssue({ code: 'custom', path: pathOf(pointer), message });
      }
    })
    .meta(schema);
}

function problemOf(error: ErrorObject): SchemaProblem {
  const unknown = error.params['additionalProperty'];
  const suffix = typeof unknown === 'string' ? ` (${unknown})` : '';
  return { pointer: error.instancePath, message: `${error.message ?? error.keyword}${suffix}` };
}

function pathOf(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}
