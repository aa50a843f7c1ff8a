import { isJsonObject, type JsonObject, type JsonValue } from '../../../shared/envelope/json.ts';

/** A JSON Schema of an object in one short line: its fields, `?` behind those that may be missing, `[]` behind lists. */
export function schemaText(schema: JsonObject): string {
  const alternatives = schema['anyOf'] ?? schema['oneOf'];
  if (Array.isArray(alternatives)) {
    return alternatives.filter(isJsonObject).map(schemaText).join(' or ');
  }
  const { properties } = schema;
  if (!isJsonObject(properties)) return 'anything';
  const required = Array.isArray(schema['required']) ? schema['required'] : [];
  return Object.entries(properties)
    .map(([name, field]) => `${name}${listMark(field)}${required.includes(name) ? '' : '?'}`)
    .join(', ');
}

function listMark(field: JsonValue): string {
  return isJsonObject(field) && field['type'] === 'array' ? '[]' : '';
}
