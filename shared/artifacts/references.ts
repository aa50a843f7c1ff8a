import type { JsonObject, JsonValue } from '../envelope/json.ts';
import { type ValuePath, withValues } from './large-values.ts';
import { type ArtifactReference, asArtifactReference } from './reference.ts';

/** A reference, and where in a value it stands. */
export interface FoundReference {
  readonly path: ValuePath;
  readonly reference: ArtifactReference;
}

const none: readonly FoundReference[] = [];

/** Every reference in a value. Throws ContractError `reference_not_allowed` for one that is none. */
export function referencesIn(value: JsonValue): readonly FoundReference[] {
  if (typeof value !== 'object' || value === null) return none;
  const reference = asArtifactReference(value);
  if (reference !== undefined) return [{ path: [], reference }];
  // Nearly every value holds none, and every message is looked through: nothing is made before one is found.
  let found: FoundReference[] | undefined;
  for (const key of Object.keys(value)) {
    for (const { path, reference: inside } of referencesIn(Reflect.get(value, key) as JsonValue)) {
      found ??= [];
      found.push({ path: [key, ...path], reference: inside });
    }
  }
  return found ?? none;
}

/** The object with what its references stand for in place of where that lies: the same for every copy of the same value. */
export function namedByContent(object: JsonObject): JsonObject {
  const named = referencesIn(object).map(({ path, reference }) => {
    const { sha256, bytes, mediaType } = reference;
    return { path, value: { sha256, bytes, mediaType } };
  });
  return withValues(object, named);
}
