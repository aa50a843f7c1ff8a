import { Optional } from '@marcbachmann/cel-js';
import type { JsonValue } from '../envelope/json.ts';

/** An optional without a value: the key or element it was written for is left out. */
export const nothing = Symbol('nothing');

/** Values one result may hold, all levels together: a product of two lists would otherwise fill the memory. */
const MAX_RESULT_VALUES = 200_000;

/** Why a value is no JSON. */
export class NotJson extends Error {}

/** What an expression gave, as JSON: ints as numbers, instants as ISO 8601. Throws NotJson. */
export function toJson(value: unknown): JsonValue | typeof nothing {
  // The frequent results need no walk.
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  return convert(value, { left: MAX_RESULT_VALUES });
}

function convert(value: unknown, budget: { left: number }): JsonValue | typeof nothing {
  if (--budget.left < 0) throw new NotJson(`it gives more than ${MAX_RESULT_VALUES} values`);
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      if (Number.isFinite(value)) return value;
      throw new NotJson(`it gives ${value}, which is no JSON number`);
    case 'bigint':
      if (BigInt(Number(value)) === value && Number.isSafeInteger(Number(value)))
        return Number(value);
      throw new NotJson(`it gives ${value}, which a JSON number cannot hold exactly`);
    case 'object':
      return value === null ? null : convertObject(value, budget);
    default:
      throw new NotJson('it gives a value that is no JSON');
  }
}

function convertObject(value: object, budget: { left: number }): JsonValue | typeof nothing {
  if (value instanceof Optional) return value.hasValue() ? convert(value.value(), budget) : nothing;
  if (Array.isArray(value)) {
    return value.flatMap((element) => {
      const json = convert(element, budget);
      return json === nothing ? [] : [json];
    });
  }
  if (value instanceof Date) return value.toISOString();
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    throw new NotJson('it gives a type or bytes: turn it into text with string()');
  }
  const members = Object.entries(value).flatMap(([key, member]) => {
    const json = convert(member, budget);
    return json === nothing ? [] : [[key, json] as const];
  });
  // fromEntries, never assignment: a key may be named __proto__.
  return Object.fromEntries(members);
}
