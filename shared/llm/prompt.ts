import { isJsonObject, type JsonObject, type JsonValue } from '../envelope/json.ts';

const placeholder = /\{\{\s*([\w.-]+)\s*\}\}/g;

/** The input fields that a template names: `user.name` of `Dear {{user.name}}`. */
export function fieldsOf(template: string): string[] {
  return [...template.matchAll(placeholder)].map((match) => match[1] as string);
}

/**
 * A template with the input's values in the places of its `{{field}}`s. Values are data: what looks like a placeholder inside
 * them stays text. A missing field is the empty text; what is no text is written as JSON.
 */
export function fill(template: string, input: JsonObject): string {
  return template.replaceAll(placeholder, (_all, field: string) => textOf(valueAt(input, field)));
}

function valueAt(input: JsonObject, field: string): JsonValue | undefined {
  return field
    .split('.')
    .reduce<JsonValue | undefined>(
      (value, key) => (isJsonObject(value) && Object.hasOwn(value, key) ? value[key] : undefined),
      input,
    );
}

function textOf(value: JsonValue | undefined): string {
  if (value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
