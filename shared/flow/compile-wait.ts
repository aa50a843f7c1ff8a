import type { Compiled } from './compile-list.ts';
import type { WaitDefinition } from './definition.ts';
import { type CompiledValue, compileValue, type Place } from './expression.ts';
import { compileInputSchema } from './input-schema.ts';
import type { WaitNode } from './kernel.ts';
import { at } from './problem.ts';
import { withNode } from './scope.ts';

/** A wait for a signal or a person; the answer is its value. */
export function compileWait(node: WaitDefinition, place: Place): Compiled {
  const { scope, compilation, where } = place;
  const path = scope.prefix + node.wait;
  const { within } = node;
  const compiled = (key: 'ask' | 'onTimeout'): CompiledValue | undefined => {
    const written = node[key];
    if (written === undefined) return undefined;
    return compileValue(written, 'anything', { ...place, where: at(where, key) });
  };
  compilation.add(path, where);
  compilation.produce(path, { kind: 'schema', schema: node.answer });
  const ask = compiled('ask');
  const onTimeout = compiled('onTimeout');
  if (onTimeout !== undefined) {
    const { tree } = onTimeout;
    compilation.produce(path, { kind: 'mapping', tree, standIn: 'nobody answers in time' });
  }
  const wait: WaitNode = {
    kind: 'wait',
    path,
    ...(ask === undefined ? {} : { ask: ask.expression }),
    ...(within === undefined ? {} : { withinMs: within }),
    ...(onTimeout === undefined ? {} : { onTimeout: onTimeout.expression }),
    check: checkOf(node, place),
  };
  return { items: [wait], scope: withNode(scope, node.wait, { keys: [path], facts: [] }) };
}

function checkOf({ answer }: WaitDefinition, { compilation, where }: Place): WaitNode['check'] {
  if (answer === undefined) return () => [];
  const schema = compileInputSchema(answer);
  if ('check' in schema) return (value) => schema.check(value);
  for (const message of schema) {
    compilation.find(at(where, 'answer'), 'answer_schema_invalid', message);
  }
  return () => [];
}
