import { isJsonObject, type JsonObject, type JsonValue } from '../../shared/envelope/json.ts';
import { FleetError } from '../../shared/errors/errors.ts';
import { compileFlow } from '../../shared/flow/compile.ts';
import type { FlowDefinition } from '../../shared/flow/definition.ts';
import type { CompiledFlow } from '../../shared/flow/kernel.ts';
import type { LoadedFlow } from '../../shared/flow/load.ts';
import { readReference } from '../../shared/flow/reference.ts';

/** A flow with the definition it was compiled from. */
export type DefinedFlow = Pick<LoadedFlow, 'flow' | 'definition'>;

/** What is stored of a flow: its definition as it was read, and those of all flows that are nested in it. */
interface FlowDocument {
  readonly definition: FlowDefinition;
  readonly nested: readonly FlowDefinition[];
}

/** The stored form of a flow; `all` has the flows that it may nest. */
export function documentOf({ definition }: DefinedFlow, all: readonly DefinedFlow[]): JsonObject {
  const nested = new Set<FlowDefinition>();
  const visit = (of: FlowDefinition): void => {
    for (const reference of referencesIn(plain(of.do))) {
      const found = find(
        reference,
        all.map((one) => one.definition),
      );
      if (!found || nested.has(found)) continue;
      nested.add(found);
      visit(found);
    }
  };
  visit(definition);
  return plain({ definition, nested: [...nested] }) as JsonObject;
}

/** Compiles a stored flow again. Throws FleetError `flow_missing` when this build cannot. */
export function compileDocument(document: JsonObject): CompiledFlow {
  // Our own table: what is in it was checked when the flow was published.
  const { definition, nested } = document as unknown as FlowDocument;
  const program = compileFlow(definition, (name, version) =>
    find({ name, ...(version === undefined ? {} : { version }) }, nested),
  );
  if ('flow' in program) return program.flow;
  const why = program.map(({ message }) => message).join(' ');
  throw new FleetError('flow_missing', `The stored flow ${definition.flow} cannot be read: ${why}`);
}

interface Reference {
  readonly name: string;
  readonly version?: number;
}

/** The version that is asked for, else the newest. */
function find(
  { name, version }: Reference,
  definitions: readonly FlowDefinition[],
): FlowDefinition | undefined {
  return definitions
    .filter((one) => one.flow === name && (version === undefined || one.version === version))
    .sort((one, other) => other.version - one.version)[0];
}

/** Flow nodes are the only ones with `flow` and `of`. */
function referencesIn(value: JsonValue): readonly Reference[] {
  if (typeof value !== 'object' || value === null) return [];
  const inside = Object.values(value).flatMap(referencesIn);
  if (!isJsonObject(value) || typeof value['flow'] !== 'string') return inside;
  return typeof value['of'] === 'string' ? [readReference(value['of']), ...inside] : inside;
}

/** A definition as JSON: keys that are there and undefined are left out. */
function plain(value: unknown): JsonValue {
  return JSON.parse(JSON.stringify(value));
}
