import { isJsonObject, type JsonObject, type JsonValue } from '../envelope/json.ts';
import { asArtifactReference } from './reference.ts';

/** Keys and indices from the root of a value to one of its parts. */
export type ValuePath = readonly string[];

/** A part of a value that is too large to travel. */
export interface LargeValue {
  readonly path: ValuePath;
  readonly value: JsonValue;
}

/** A part of a value that is weighed: what stays of it in a message. */
interface Weighed {
  /** Bytes of JSON that stay; references are not counted. */
  readonly bytes: number;
  readonly holdsReference: boolean;
  readonly large: readonly LargeValue[];
}

/**
 * The parts of an object to be moved out of a message, so that of each member at most `limitBytes` stay, as few and as deep
 * down as possible: a large text in a list is moved by itself, so that the list can still be mapped over; a list of many
 * small values is moved as a whole. What holds a reference already is never moved whole: a reference inside an artifact
 * would be nobody's. Pure. Throws ContractError `reference_not_allowed` for a reference that is none.
 */
export function largeValues(object: JsonObject, limitBytes: number): readonly LargeValue[] {
  return Object.entries(object).flatMap(([key, value]) => weigh(value, [key], limitBytes).large);
}

/** The object with other values at these paths; the object itself is left as it is. */
export function withValues(
  object: JsonObject,
  values: readonly { readonly path: ValuePath; readonly value: JsonValue }[],
): JsonObject {
  return values.reduce<JsonObject>(
    (changed, { path, value }) => withValue(changed, path, value) as JsonObject,
    object,
  );
}

function weigh(value: JsonValue | undefined, path: ValuePath, limitBytes: number): Weighed {
  if (typeof value === 'string') {
    const bytes = textBytes(value, limitBytes);
    return bytes > limitBytes ? moved(path, value) : stays(bytes);
  }
  if (typeof value !== 'object' || value === null) return stays(String(value).length);
  if (asArtifactReference(value) !== undefined) {
    return { bytes: 0, holdsReference: true, large: [] };
  }
  const keyed = !Array.isArray(value);
  let bytes = 2;
  let holdsReference = false;
  const large: LargeValue[] = [];
  for (const [key, member] of Object.entries(value)) {
    const weighed = weigh(member, [...path, key], limitBytes);
    bytes += weighed.bytes + 1 + (keyed ? textBytes(key, limitBytes) + 1 : 0);
    holdsReference ||= weighed.holdsReference;
    large.push(...weighed.large);
  }
  if (bytes > limitBytes && !holdsReference) return moved(path, value);
  return { bytes, holdsReference, large };
}

function moved(path: ValuePath, value: JsonValue): Weighed {
  return { bytes: 0, holdsReference: false, large: [{ path, value }] };
}

function stays(bytes: number): Weighed {
  return { bytes, holdsReference: false, large: [] };
}

/** Bytes of a text as JSON; of one above the limit only that it is. */
function textBytes(text: string, limitBytes: number): number {
  const bytes = Buffer.byteLength(text);
  return bytes > limitBytes ? bytes : Buffer.byteLength(JSON.stringify(text));
}

function withValue(whole: JsonValue, [key, ...rest]: ValuePath, value: JsonValue): JsonValue {
  if (key === undefined) return value;
  if (Array.isArray(whole)) {
    return whole.with(Number(key), withValue(whole[Number(key)] ?? null, rest, value));
  }
  if (!isJsonObject(whole)) return whole;
  // fromEntries, never assignment: a key may be named __proto__.
  return Object.fromEntries(
    Object.entries(whole).map(([name, member]) => [
      name,
      name === key ? withValue(member, rest, value) : member,
    ]),
  );
}
