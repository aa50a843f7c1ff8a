import type { ContextOrigin } from '../../../shared/client/verbs.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../shared/envelope/json.ts';
import { contextKey, patchKeyOf } from '../engine/keys.ts';
import type { Run } from '../engine/run.ts';

/** What was written into the context of a run, as it is stored. */
export interface WrittenContext {
  /** The job's, with what steps outside of any branch patched into it. */
  readonly context: JsonObject;
  /** What each step itself patched, by its path. */
  readonly patches: ReadonlyMap<string, JsonObject>;
}

type Steps = Run['steps'];

/**
 * Where each key of a run's context came from. Only what a client or a model wrote is named, and all of that is untrusted, however many
 * steps it has passed: a key that is not here the flow has made. Derived of what is stored anyway. Pure.
 */
export function contextOrigins(
  { context, patches }: WrittenContext,
  steps: Steps,
): Record<string, ContextOrigin> {
  const origins = new Map<string, ContextOrigin>();
  const job: ContextOrigin = { from: 'job', path: null, servedBy: [], untrusted: true };
  for (const key of Object.keys(context)) origins.set(key, job);
  for (const path of pathsOf(steps)) {
    for (const key of Object.keys(patches.get(path) ?? {})) {
      origins.set(key, originOf('patch', path, steps));
    }
  }
  // An output wins over a patch, and over what the job said.
  for (const path of pathsOf(steps)) {
    const isNode = !path.includes('/') && (steps[path]?.servedBy.length ?? 0) > 0;
    if (isNode) origins.set(path, originOf('output', path, steps));
  }
  // fromEntries, never assignment: a key may be named __proto__.
  return Object.fromEntries(origins);
}

function originOf(from: 'patch' | 'output', path: string, steps: Steps): ContextOrigin {
  return { from, path, servedBy: [...(steps[path]?.servedBy ?? [])], untrusted: true };
}

/** Without the elements of maps: each has a context of its own. */
function pathsOf(steps: Steps): readonly string[] {
  return Object.keys(steps).filter((path) => !path.includes('#'));
}

/** Reads what `contextOrigins` looks at: a value for each step, and none where the context is empty. */
export async function readWrittenContext(
  { steps }: Pick<Run, 'steps'>,
  read: (key: string) => Promise<JsonValue | undefined>,
): Promise<WrittenContext> {
  const context = await read(contextKey);
  if (!isJsonObject(context) || Object.keys(context).length === 0) {
    return { context: {}, patches: new Map() };
  }
  const patches = new Map<string, JsonObject>();
  for (const path of pathsOf(steps)) {
    const own = await read(patchKeyOf(path));
    if (isJsonObject(own)) patches.set(path, own);
  }
  return { context, patches };
}
