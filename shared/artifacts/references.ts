import type { JsonValue } from '../envelope/json.ts';
import type { ValuePath } from './large-values.ts';
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
