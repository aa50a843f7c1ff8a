import { isJsonObject, type JsonValue } from '../../../shared/envelope/json.ts';
import type { Origin, ValueProvenance } from '../../../shared/envelope/provenance.ts';
import type {
  CompiledFlow,
  ContextBinding,
  KeyTemplate,
  Reads,
} from '../../../shared/flow/kernel.ts';
import { type Absent, absent } from './decision.ts';
import { contextKey, keyOf, patchKeyOf, payloadKey } from './keys.ts';
import { type Maker, makersOf } from './makers.ts';
import type { Run } from './run.ts';

/**
 * Whose the values of a run are: told from what the run records anyway, and nothing is recorded for it. A value that the flow computes is
 * of all whose values it was computed from; where that cannot be told exactly, rather of too many than of too few.
 */
export interface Inquiry {
  readonly flow: CompiledFlow;
  readonly steps: Run['steps'];
  /** Of the enclosing `map` elements, outermost first. */
  readonly indices: readonly number[];
  /** The value under a key; undefined where it has not been read. */
  look(key: string): JsonValue | Absent | undefined;
}

/** Origins found so far, and the keys that were gone through for them. */
interface Trail {
  readonly origins: Map<string, Origin>;
  readonly seen: Set<KeyTemplate>;
}

/** Whose everything is that an expression reads. */
export function provenanceOfReads(reads: Reads, inquiry: Inquiry): ValueProvenance {
  return trace((trail) => followReads(reads, inquiry, trail));
}

/** Whose each key of a context is. Keys that came with the job are among them. */
export function provenanceOfContext(
  { patches, nodes, only }: ContextBinding,
  inquiry: Inquiry,
): Record<string, ValueProvenance> {
  const found = new Map<string, ValueProvenance>();
  for (const [key, template] of patchedKeys(patches, inquiry)) {
    if (only !== undefined && !only.includes(key)) continue;
    found.set(
      key,
      trace((trail) => followPatch(key, template, inquiry, trail)),
    );
  }
  // What a node wrote wins over a patch, and over what the job said.
  for (const { name, keys } of nodes) {
    if (written(keys, inquiry) === undefined) continue;
    found.set(
      name,
      trace((trail) => followFirst(keys, inquiry, trail)),
    );
  }
  // fromEntries, never assignment: a key may be named __proto__.
  return Object.fromEntries(found);
}

function trace(follow: (trail: Trail) => void): ValueProvenance {
  const trail: Trail = { origins: new Map(), seen: new Set() };
  follow(trail);
  const origins = [...trail.origins.values()];
  return origins.length === 0
    ? { untrusted: false, origins: [{ from: 'flow' }] }
    : { untrusted: true, origins };
}

function followReads({ names, context }: Reads, inquiry: Inquiry, trail: Trail): void {
  for (const { keys } of [...names, ...(context?.nodes ?? [])]) followFirst(keys, inquiry, trail);
  // Which key of the patches an expression looks at is not written down: it may be any.
  for (const [key, template] of patchedKeys(context?.patches ?? [], inquiry)) {
    followPatch(key, template, inquiry, trail);
  }
}

/** Of several keys the value lies under the first that has one; all of them, where that cannot be told from here. */
function followFirst(keys: readonly KeyTemplate[], inquiry: Inquiry, trail: Trail): void {
  const first = keys.length > 1 ? written(keys, inquiry) : undefined;
  for (const key of first === undefined ? keys : [first]) followKey(key, inquiry, trail);
}

function followKey(key: KeyTemplate, inquiry: Inquiry, trail: Trail): void {
  if (trail.seen.has(key)) return;
  trail.seen.add(key);
  if (key === payloadKey) note({ from: 'job' }, trail);
  const makers = makersOf(inquiry.flow).makers.get(key) ?? [];
  const served = serversOf(key, inquiry).length > 0;
  for (const maker of makers) {
    // In a route another branch may have written it without a model.
    if (!served || maker.kind === 'call') followMaker(key, maker, inquiry, trail);
  }
}

function followMaker(key: KeyTemplate, maker: Maker, inquiry: Inquiry, trail: Trail): void {
  if (maker.kind === 'made') {
    for (const reads of maker.reads) followReads(reads, inquiry, trail);
    for (const keys of maker.keys) followFirst(keys, inquiry, trail);
    return;
  }
  if (maker.kind === 'wait') note({ from: 'signal', step: key }, trail);
  else {
    noteModels(key, inquiry, trail);
    if (!serversOf(key, inquiry).includes('default')) return;
  }
  for (const reads of maker.instead) followReads(reads, inquiry, trail);
}

/** Keys that were patched into a context, each with where its value lies: the last one wins. */
function patchedKeys(
  patches: readonly KeyTemplate[],
  inquiry: Inquiry,
): ReadonlyMap<string, KeyTemplate> {
  const found = new Map<string, KeyTemplate>();
  for (const template of patches) {
    const patch = isWithin(template, inquiry) ? inquiry.look(keyOf(template, inquiry.indices)) : {};
    if (isJsonObject(patch)) for (const key of Object.keys(patch)) found.set(key, template);
  }
  return found;
}

function followPatch(name: string, template: KeyTemplate, inquiry: Inquiry, trail: Trail): void {
  if (template === contextKey) note({ from: 'job' }, trail);
  for (const step of makersOf(inquiry.flow).patchers.get(template) ?? []) {
    if (modelsOf(step, inquiry).length === 0) continue;
    // Which element of a map it was that patched is not asked of each of them.
    const own = isWithin(step, inquiry)
      ? inquiry.look(patchKeyOf(keyOf(step, inquiry.indices)))
      : { [name]: true };
    if (isJsonObject(own) && Object.hasOwn(own, name)) noteModels(step, inquiry, trail);
  }
}

/** Who served a step so far: models, and `default` where the flow's own value stood in. */
function serversOf(step: KeyTemplate, { steps }: Inquiry): readonly string[] {
  return steps[step]?.servedBy ?? [];
}

function modelsOf(step: KeyTemplate, inquiry: Inquiry): string[] {
  return serversOf(step, inquiry).filter((who) => who !== 'default');
}

function noteModels(step: KeyTemplate, inquiry: Inquiry, trail: Trail): void {
  const servedBy = modelsOf(step, inquiry);
  if (servedBy.length > 0) note({ from: 'model', step, servedBy }, trail);
}

/** The first of the keys that has a value. */
function written(keys: readonly KeyTemplate[], inquiry: Inquiry): KeyTemplate | undefined {
  return keys.find((key) => {
    const value = isWithin(key, inquiry) ? inquiry.look(keyOf(key, inquiry.indices)) : absent;
    return value !== undefined && value !== absent;
  });
}

/** Whether a key names one value here, and not one in each element of a map. */
function isWithin(template: KeyTemplate, { indices }: Inquiry): boolean {
  return template.split('#').length - 1 <= indices.length;
}

function note(origin: Origin, trail: Trail): void {
  trail.origins.set(`${origin.from}/${origin.step ?? ''}`, origin);
}
