import { ContractError } from '../errors/errors.ts';
import { Compilation } from './compilation.ts';
import { type Compiled, compileList } from './compile-list.ts';
import type { FlowDefinition, NestedDefinition } from './definition.ts';
import type { Mapping } from './definition-words.ts';
import { compileValue, type Place, readKeys } from './expression.ts';
import { idsOf } from './ids.ts';
import { compileInputSchema } from './input-schema.ts';
import type { Expression, Kernel } from './kernel.ts';
import { at } from './problem.ts';
import { readReference } from './reference.ts';
import { rootScope, withNode } from './scope.ts';

/** Another flow as a step: compiled in place under `<id>/`, with a payload and a context of its own. */
export function compileNested(node: NestedDefinition, place: Place): Compiled {
  const { scope, compilation, where } = place;
  const path = scope.prefix + node.flow;
  const after = withNode(scope, node.flow, { keys: [path], facts: [] });
  const nested = findNested(node, place);
  if (nested === undefined || !compilation.add(path, where)) return { items: [], scope: after };
  const inner = rootScope(`${path}/`, scope.insideMap);
  const child = new Compilation(
    { name: nested.flow, ids: idsOf(nested), findFlow: compilation.findFlow },
    { compilation, where },
  );
  const input = compileValue(node.input ?? 'payload', 'object', {
    ...place,
    where: at(where, 'input'),
  });
  compilation.produce(inner.payload, { kind: 'schema', schema: nested.input });
  const payload: Kernel = {
    kind: 'set',
    path: inner.payload,
    value: checked(input.expression, nested, at(where, 'input')),
  };
  const list = compileList(nested.do, { where: 'do', scope: inner, compilation: child });
  const output =
    nested.output === undefined
      ? readKeys('previous', list.scope.previous)
      : compileOutput(
          nested.output,
          { where: 'output', scope: list.scope, compilation: child },
          path,
        );
  if (nested.output === undefined)
    compilation.produce(path, { kind: 'any', keys: list.scope.previous });
  compilation.absorb(child);
  const items: Kernel[] = [payload, ...list.body.items];
  if (!list.ends) items.push({ kind: 'set', path, value: output });
  return { items, scope: after, ends: list.ends };
}

function compileOutput(output: Mapping, place: Place, path: string): Expression {
  const value = compileValue(output, 'anything', place);
  place.compilation.produce(path, { kind: 'mapping', tree: value.tree });
  return value.expression;
}

function findNested(
  node: NestedDefinition,
  { compilation, where }: Place,
): FlowDefinition | undefined {
  const { name, version } = readReference(node.of);
  if (compilation.open.includes(name)) {
    const circle = [...compilation.open.slice(compilation.open.indexOf(name)), name].join(' → ');
    compilation.find(at(where, 'of'), 'flow_recursive', `A flow cannot contain itself: ${circle}.`);
    return undefined;
  }
  const nested = compilation.findFlow(name, version);
  if (nested === undefined) {
    compilation.find(
      at(where, 'of'),
      'flow_unknown',
      `There is no flow "${node.of}" among the flows that are loaded.`,
    );
  }
  return nested;
}

/** What is handed to a nested flow must fit its input schema, like the payload of a job. */
function checked(input: Expression, nested: FlowDefinition, where: string): Expression {
  const schema = compileInputSchema(nested.input);
  if (!('check' in schema)) return input;
  return {
    ...input,
    evaluate(values) {
      const value = input.evaluate(values);
      const [problem] = schema.check(value);
      if (problem === undefined) return value;
      throw new ContractError(
        'expression_failed',
        `${where}: this is no input of flow ${nested.flow}: ${problem}`,
        {
          details: { where },
        },
      );
    },
  };
}
