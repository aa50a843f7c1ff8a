import { isJsonObject, type JsonValue } from './json.ts';

/**
 * What a text must not hold that a model takes as orders or that somebody renders: control characters but tab and line breaks, zero width
 * and bidirectional control characters, and the tag block, with which a whole hidden prompt can be written. The zero width joiners
 * stay: Persian and most emoji are written with them.
 */
const unseen =
  /(?![\t\n\r])\p{Cc}|[\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]|[\u{e0000}-\u{e0fff}]/gu;

/** The same value with only what a person can see in its texts and keys: a `sanitize` for models. Pure. */
export function visibleOnly<T extends JsonValue>(value: T): T {
  return cleaned(value) as T;
}

function cleaned(value: JsonValue): JsonValue {
  if (typeof value === 'string') return value.replace(unseen, '');
  if (Array.isArray(value)) return value.map(cleaned);
  if (!isJsonObject(value)) return value;
  // fromEntries, never assignment: a key may be named __proto__.
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key.replace(unseen, ''), cleaned(item)]),
  );
}
