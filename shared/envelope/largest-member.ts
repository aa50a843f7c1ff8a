import type { JsonObject } from './json.ts';

/** The member of an object that takes the most room as JSON: what to name when the whole is too large. */
export function largestMember(object: JsonObject): {
  /** JSON Pointer. */
  readonly pointer: string;
  readonly bytes: number;
} {
  let largest = { pointer: '', bytes: 0 };
  for (const [key, value] of Object.entries(object)) {
    const bytes = Buffer.byteLength(JSON.stringify(value));
    const pointer = `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    if (bytes > largest.bytes) largest = { pointer, bytes };
  }
  return largest;
}
