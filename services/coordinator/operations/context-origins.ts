import type { JsonValue } from '../../../shared/envelope/json.ts';
import type { ValueProvenance } from '../../../shared/envelope/provenance.ts';
import type { CompiledFlow, ContextBinding } from '../../../shared/flow/kernel.ts';
import { rootScope } from '../../../shared/flow/scope.ts';
import { type Absent, absent } from '../engine/decision.ts';
import { makersOf } from '../engine/makers.ts';
import { provenanceOfContext } from '../engine/provenance.ts';
import type { Run } from '../engine/run.ts';

/**
 * Whose each key of a run's context is, as a step behind its last one would be told. Without what lies inside of branches and maps: each
 * has a context of its own. `read` gives a stored value; of each key once.
 */
export async function contextOrigins(
  { steps }: Pick<Run, 'steps'>,
  flow: CompiledFlow,
  read: (key: string) => Promise<JsonValue | undefined>,
): Promise<Record<string, ValueProvenance>> {
  const values = new Map<string, JsonValue | Absent>();
  for (;;) {
    const unread = new Set<string>();
    const look = (key: string) => {
      if (!values.has(key)) unread.add(key);
      return values.get(key);
    };
    const origins = provenanceOfContext(outermost(flow), { flow, steps, indices: [], look });
    if (unread.size === 0) return origins;
    for (const key of unread) values.set(key, (await read(key)) ?? absent);
  }
}

/** What nodes outside of any other wrote; keys with a `$` are the engine's own. */
function outermost(flow: CompiledFlow): ContextBinding {
  const paths = [...makersOf(flow).makers.keys()].filter((key) => !/[/$]/.test(key));
  const nodes = paths.map((path) => ({ name: path, keys: [path] }));
  return { patches: rootScope('').patches, nodes };
}
