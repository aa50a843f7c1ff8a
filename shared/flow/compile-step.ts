import type { Compiled } from './compile-list.ts';
import { compilePolicy } from './compile-policy.ts';
import type { ModelCall, StepDefinition } from './definition.ts';
import { compileValue, type Place } from './expression.ts';
import type { CallNode, ContextBinding, KeyTemplate } from './kernel.ts';
import { at } from './problem.ts';
import { readReference } from './reference.ts';
import { contextOf, type Scope, withNode } from './scope.ts';

/** What is told of a call beside its output. */
export const callFacts: readonly string[] = ['$servedBy', '$degraded'];

/** A call of a model becomes one kernel call; its output lies under its path. */
export function compileStep(node: StepDefinition, place: Place): Compiled {
  const path = place.scope.prefix + node.step;
  const call = compileCall(node, path, place);
  return {
    items: [call],
    scope: withNode(place.scope, node.step, {
      keys: [path],
      factsKey: `${path}/$facts`,
      facts: callFacts,
    }),
  };
}

/** The kernel call of a step, or of a part of a refine or cascade node. */
export function compileCall(
  call: ModelCall,
  path: KeyTemplate,
  place: Place,
  options: {
    readonly tolerant?: boolean;
    /** Where a key of the call is written. Left out: right below the call. */
    readonly whereOf?: (key: string) => string;
  } = {},
): CallNode {
  const { scope, compilation, where } = place;
  const { whereOf = (key: string) => at(where, key), tolerant = false } = options;
  const { name: model, version } = readReference(call.model);
  compilation.add(path, where);
  const inputWhere = whereOf('input');
  const input = compileValue(call.input ?? 'payload', 'object', { ...place, where: inputWhere });
  const use = { model, ...(version === undefined ? {} : { version }) };
  compilation.produce(path, { kind: 'model', ...use });
  const modelWhere = whereOf('model');
  compilation.uses.push({ path, where, modelWhere, ...use, input: input.tree, inputWhere });
  return {
    kind: 'call',
    path,
    ...use,
    input: input.expression,
    context: contextOfCall(call.context, { ...place, where: whereOf('context') }),
    policy: compilePolicy(call, { ...place, path, whereOf, input }),
    patchKey: scope.patchKey,
    tolerant,
  };
}

function contextOfCall(named: readonly string[] | undefined, place: Place): ContextBinding {
  const whole = contextOf(place.scope);
  if (named === undefined) return place.scope.insideMap ? { patches: [], nodes: [] } : whole;
  checkNames(named, place.scope, place);
  const keys = named.filter((name) => !place.scope.nodes.has(name));
  return {
    patches: keys.length === 0 ? [] : whole.patches,
    nodes: whole.nodes.filter(({ name }) => named.includes(name)),
    ...(keys.length === 0 ? {} : { only: named }),
  };
}

/** A name that is a node elsewhere in the flow is a mistake; any other may be a key of the job's context. */
function checkNames(named: readonly string[], scope: Scope, { compilation, where }: Place): void {
  for (const [index, name] of named.entries()) {
    const writtenAt = compilation.ids.get(name);
    if (writtenAt === undefined || scope.nodes.has(name)) continue;
    const message = `"${name}" is written at ${writtenAt}, later or in another branch: it cannot travel with this request.`;
    compilation.find(at(where, index), 'context_unknown', message);
  }
}
