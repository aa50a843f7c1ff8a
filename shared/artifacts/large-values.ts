import { isJsonObject, type JsonObject, type JsonValue } from '../envelope/json.ts';
import { ARTIFACT_MARK, asArtifactReference } from './reference.ts';

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

export interface Limits {
  /** A text of more bytes as JSON is moved. */
  readonly limitBytes: number;
  /** What may stay in all before lists and objects are moved as well. */
  readonly totalBytes: number;
  /** Levels of the object that are never moved themselves; default 1: the object. */
  readonly fixedLevels?: 1 | 2;
}

/** `-1.7976931348623157e+308`, and the words of JSON are shorter. */
const LONGEST_NUMBER = 24;
/** About what a reference takes as JSON. */
const REFERENCE_BYTES = 512;

/**
 * The parts of an object to be moved out of a message, as few as possible. Large texts are, wherever they stand: a list or object
 * that holds one is still one, to map over and to look into. Where that is not enough, lists and objects are whose small parts come to more
 * than the limit together. What holds a reference already is never moved whole: a reference inside an artifact would be
 * nobody's. Pure. Throws ContractError `reference_not_allowed` for a reference that is none.
 */
export function largeValues(object: JsonObject, limits: Limits): readonly LargeValue[] {
  // Nearly every message is small, and measuring exactly takes ten times as long.
  if (bytesAtMost(object) <= limits.limitBytes) return [];
  const texts = weighMembers(object, [], { ...limits, wholes: false });
  if (texts.bytes + texts.large.length * REFERENCE_BYTES <= limits.totalBytes) return texts.large;
  return weighMembers(object, [], { ...limits, wholes: true }).large;
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

/** As JSON, written in the longest way; Infinity where there may be a reference. */
function bytesAtMost(value: JsonValue | undefined): number {
  if (typeof value === 'string') return 2 + 6 * value.length;
  if (typeof value !== 'object' || value === null) return LONGEST_NUMBER;
  if (Object.hasOwn(value, ARTIFACT_MARK)) return Infinity;
  let bytes = 2;
  for (const key in value) bytes += 4 + 6 * key.length + bytesAtMost(Reflect.get(value, key));
  return bytes;
}

type Rule = Limits & { readonly wholes: boolean };

function weigh(value: JsonValue | undefined, path: ValuePath, rule: Rule): Weighed {
  const { limitBytes, wholes, fixedLevels = 1 } = rule;
  if (typeof value === 'string') {
    const bytes = textBytes(value, limitBytes);
    return bytes > limitBytes ? moved(path, value) : stays(bytes);
  }
  if (typeof value !== 'object' || value === null) return stays(String(value).length);
  if (asArtifactReference(value) !== undefined) {
    return { bytes: 0, holdsReference: true, large: [] };
  }
  const weighed = weighMembers(value, path, rule);
  const { bytes, holdsReference } = weighed;
  const whole = wholes && path.length >= fixedLevels && bytes > limitBytes && !holdsReference;
  return whole ? moved(path, value) : weighed;
}

function weighMembers(value: JsonObject | JsonValue[], path: ValuePath, rule: Rule): Weighed {
  const keyed = !Array.isArray(value);
  let bytes = 2;
  let holdsReference = false;
  const large: LargeValue[] = [];
  for (const [index, [key, member]] of Object.entries(value).entries()) {
    const weighed = weigh(member, [...path, key], rule);
    const comma = index === 0 ? 0 : 1;
    bytes += weighed.bytes + comma + (keyed ? textBytes(key, rule.limitBytes) + 1 : 0);
    holdsReference ||= weighed.holdsReference;
    large.push(...weighed.large);
  }
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
