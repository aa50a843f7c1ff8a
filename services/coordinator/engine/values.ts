import { isJsonObject, type JsonObject, type JsonValue } from '../../../shared/envelope/json.ts';
import type { Binding, ContextBinding, KeyTemplate, Reads } from '../../../shared/flow/kernel.ts';
import { type Absent, absent } from './decision.ts';
import type { Draft } from './draft.ts';
import { indexOf } from './flow-index.ts';
import { keyOf } from './keys.ts';

/** Thrown through a decision when values must be read first; `draft.unread` says which. One instance: it carries nothing. */
const valuesUnread = new Error('Values have not been read.');

/** The value under a key, as this decision leaves it; undefined (and noted in `draft.unread`) when it has not been read. */
export function peek(key: string, draft: Draft): JsonValue | Absent | undefined {
  const written = draft.written.get(key);
  if (written !== undefined) return written;
  const value = draft.facts.values.get(key);
  if (value === undefined) draft.unread.add(key);
  return value;
}

/** The first of the keys that has a value; undefined when that is not known yet: then all of them are noted. */
export function peekFirst(
  templates: readonly KeyTemplate[],
  indices: readonly number[],
  draft: Draft,
): JsonValue | Absent | undefined {
  let known = true;
  for (const template of templates) {
    const value = peek(keyOf(template, indices), draft);
    if (value === undefined) known = false;
    else if (value !== absent && known) return value;
  }
  return known ? absent : undefined;
}

/** Gives up this decision when a value it asked for has not been read. */
export function requireRead(draft: Draft): void {
  if (draft.unread.size > 0 || draft.unreadAnswers.size > 0) throw valuesUnread;
}

/** What `decideOne` gives; undefined when it lacks values, so that those of the others are asked for in the same round. */
export function unlessUnread<T>(decideOne: () => T): T | undefined {
  try {
    return decideOne();
  } catch (error) {
    if (error !== valuesUnread) throw error;
    return undefined;
  }
}

/** Values of the names an expression reads; names without a value are left out. */
export function scopeOf(
  reads: Reads,
  indices: readonly number[],
  draft: Draft,
): Record<string, JsonValue> {
  const scope = peekScope(reads, indices, draft);
  requireRead(draft);
  return scope;
}

/** The same, but not whole while values are unread. */
export function peekScope(
  reads: Reads,
  indices: readonly number[],
  draft: Draft,
): Record<string, JsonValue> {
  const scope: Record<string, JsonValue> = {};
  for (const binding of reads.names) {
    const value = bound(binding, indices, draft);
    if (value !== absent && value !== undefined) scope[binding.name] = value;
  }
  if (reads.context !== undefined) scope['context'] = peekContext(reads.context, indices, draft);
  return scope;
}

/** The context visible at a node: patches in order, node outputs over them. Not whole while values are unread. */
export function peekContext(
  binding: ContextBinding,
  indices: readonly number[],
  draft: Draft,
): JsonObject {
  let context: JsonObject = {};
  for (const template of binding.patches) {
    const patch = peek(keyOf(template, indices), draft);
    // Spread, never assignment: a patch may have a key named __proto__.
    if (isJsonObject(patch)) context = { ...context, ...patch };
  }
  if (binding.only !== undefined) context = onlyKeys(context, binding.only);
  for (const node of binding.nodes) {
    const value = bound(node, indices, draft);
    if (value !== absent && value !== undefined) context[node.name] = value;
  }
  return context;
}

function onlyKeys(context: JsonObject, keys: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(context).filter(([key]) => keys.includes(key)));
}

function bound(
  binding: Binding,
  indices: readonly number[],
  draft: Draft,
): JsonValue | Absent | undefined {
  const value = peekFirst(binding.keys, indices, draft);
  if (binding.factsKey === undefined) return value;
  const facts = peek(keyOf(binding.factsKey, indices), draft);
  return isJsonObject(value) && isJsonObject(facts) ? { ...value, ...facts } : value;
}

/** Writes the `$` facts of a node, if the flow reads them anywhere. */
export function writeFacts(
  node: KeyTemplate,
  facts: JsonObject,
  indices: readonly number[],
  draft: Draft,
): void {
  const { factsRead } = indexOf(draft.facts.flow);
  if (factsRead.size === 0) return;
  const template = `${node}/$facts`;
  if (factsRead.has(template)) draft.written.set(keyOf(template, indices), facts);
}

/** Merges a patch into what lies under `key`. */
export function mergePatch(key: string, patch: JsonObject, draft: Draft): void {
  const before = peek(key, draft);
  requireRead(draft);
  draft.written.set(key, isJsonObject(before) ? { ...before, ...patch } : patch);
}
