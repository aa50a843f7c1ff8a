import { createHash } from 'node:crypto';
import { canonicalJson } from '../envelope/canonical-json.ts';
import type { JsonValue } from '../envelope/json.ts';
import { checkDefinition } from './check.ts';
import { Compilation, type FindFlow } from './compilation.ts';
import { compileBudget } from './compile-budget.ts';
import { compileList } from './compile-list.ts';
import type { FlowDefinition, NodeDefinition } from './definition.ts';
import { compileValue, readKeys } from './expression.ts';
import { idsOf, innerLists } from './ids.ts';
import { compileInputSchema } from './input-schema.ts';
import type { CompiledFlow } from './kernel.ts';
import { modelsCalled, modelsNeeded } from './models-of.ts';
import type { Finding } from './problem.ts';
import { readReference } from './reference.ts';
import { rootScope } from './scope.ts';

/** A flow ready to run, with what the checks against models need. */
export interface Program {
  readonly flow: CompiledFlow;
  readonly compilation: Compilation;
}

/** Compiles a definition. Everything that is wrong with it comes back at once; nothing is thrown. */
export function compileFlow(
  definition: FlowDefinition,
  findFlow: FindFlow = () => undefined,
): Program | readonly Finding[] {
  const ids = idsOf(definition);
  const compilation = new Compilation({ name: definition.flow, ids, findFlow });
  const input = compileInputSchema(definition.input);
  if (!('check' in input))
    for (const message of input) compilation.find('input', 'input_schema_invalid', message);
  compilation.findings.push(...checkDefinition(definition));
  const scope = rootScope('');
  compilation.produce(scope.payload, { kind: 'schema', schema: definition.input });
  const list = compileList(definition.do, { where: 'do', scope, compilation });
  const output =
    definition.output === undefined
      ? readKeys('previous', list.scope.previous)
      : compileValue(definition.output, 'anything', {
          where: 'output',
          scope: list.scope,
          compilation,
        }).expression;
  const budget =
    definition.budget === undefined
      ? {}
      : { budget: compileBudget(definition.budget, compilation) };
  const findings = distinct(compilation.findings);
  if (findings.length > 0 || !('check' in input)) return findings;
  const flow: CompiledFlow = {
    name: definition.flow,
    version: definition.version,
    digest: digestOf(definition, findFlow),
    description: definition.description,
    deadlineMs: definition.deadline,
    ...budget,
    body: list.body,
    output,
    checkInput: (payload) => input.check(payload),
    models: modelsNeeded(list.body),
    mayCall: modelsCalled(list.body, budget.budget),
  };
  return { flow, compilation };
}

/** Loops are compiled round by round and tell the same fault in each. */
function distinct(findings: readonly Finding[]): readonly Finding[] {
  const keys = new Set<string>();
  return findings.filter((finding) => {
    const key = JSON.stringify([
      finding.path,
      finding.code,
      finding.message,
      finding.offset ?? null,
    ]);
    return !keys.has(key) && keys.add(key);
  });
}

/** Of the definition with its defaults, and of every flow nested in it: any change of meaning is another digest. */
function digestOf(definition: FlowDefinition, findFlow: FindFlow): string {
  const nested = nestedIn(definition.do).flatMap((of) => {
    const { name, version } = readReference(of);
    const flow = findFlow(name, version);
    return flow === undefined ? [] : [digestOf(flow, findFlow)];
  });
  // JSON.parse drops keys that are there and undefined: they mean the same as absent ones.
  const plain = JSON.parse(JSON.stringify(definition)) as JsonValue;
  return createHash('sha256')
    .update(canonicalJson([plain, ...nested]))
    .digest('hex');
}

function nestedIn(nodes: readonly NodeDefinition[]): readonly string[] {
  return nodes.flatMap((node) => [
    ...('flow' in node ? [node.of] : []),
    ...innerLists(node, '').flatMap((list) => nestedIn(list.map((inner) => inner.node))),
  ]);
}
