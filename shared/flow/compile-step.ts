import type { Compiled } from './compile-list.ts';
import type { ModelCall, StepDefinition } from './definition.ts';
import { compileValue, type Place } from './expression.ts';
import type { CallNode, ContextBinding, KeyTemplate, StepPolicy } from './kernel.ts';
import { at } from './problem.ts';
import { contextOf, type Scope, withNode } from './scope.ts';

/** A call of a model becomes one kernel call; its output lies under its path. */
export function compileStep(node: StepDefinition, place: Place): Compiled {
  const path = place.scope.prefix + node.step;
  const call = compileCall(node, path, place);
  return {
    items: [call],
    scope: withNode(place.scope, node.step, {
      keys: [path],
      factsKey: `${path}/$facts`,
      facts: ['$servedBy'],
    }),
  };
}

/** The kernel call of a step, or of a part of a refine or cascade node. */
export function compileCall(
  call: ModelCall,
  path: KeyTemplate,
  place: Place,
  options: { readonly tolerant?: boolean; readonly inputWhere?: string } = {},
): CallNode {
  const { scope, compilation, where } = place;
  const { name: model, version } = readReference(call.model);
  compilation.add(path, where);
  const inputWhere = options.inputWhere ?? at(where, 'input');
  const input = compileValue(call.input ?? 'payload', 'object', { ...place, where: inputWhere });
  const use = { model, ...(version === undefined ? {} : { version }) };
  compilation.produce(path, { kind: 'model', ...use });
  compilation.uses.push({ where, ...use, input: input.tree, inputWhere });
  return {
    kind: 'call',
    path,
    ...use,
    input: input.expression,
    context: contextOfCall(call.context, place),
    policy: policyOf(call),
    patchKey: scope.patchKey,
    tolerant: options.tolerant ?? false,
  };
}

/** `name@2` in its parts. */
export function readReference(reference: string): {
  readonly name: string;
  readonly version?: number;
} {
  const [name = '', version] = reference.split('@');
  return version === undefined ? { name } : { name, version: Number(version) };
}

function policyOf({ timeout, within, retry }: ModelCall): StepPolicy {
  return {
    timeoutMs: timeout,
    ...(within === undefined ? {} : { withinMs: within }),
    retry: {
      attempts: retry.attempts,
      initialMs: retry.initial,
      factor: retry.factor,
      maxMs: retry.max,
      jitter: retry.jitter,
    },
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
    compilation.find(at(where, 'context', index), 'context_unknown', message);
  }
}
