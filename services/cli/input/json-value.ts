import { isJsonObject, type JsonObject, type JsonValue } from '../../../shared/envelope/json.ts';
import { UsageError } from '../usage-error.ts';

/** The JSON that an option gives. Throws UsageError. */
export function parseJson(text: string, option: string): JsonValue {
  try {
    return JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UsageError('bad_json', `${option} is no JSON: ${why}.`);
  }
}

/** The same, where it must be an object. */
export function parseJsonObject(text: string, option: string): JsonObject {
  const value = parseJson(text, option);
  if (isJsonObject(value)) return value;
  throw new UsageError('bad_json', `${option} must be a JSON object, such as '{"text": "…"}'.`);
}
