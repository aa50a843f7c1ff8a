import type { Compiled } from './compile-list.ts';
import type { FailDefinition, SetDefinition } from './definition.ts';
import { compileValue, type Place } from './expression.ts';
import { at } from './problem.ts';
import { withNode } from './scope.ts';

/** A value without a model call. */
export function compileSet(node: SetDefinition, place: Place): Compiled {
  const path = place.scope.prefix + node.set;
  place.compilation.add(path, place.where);
  const value = compileValue(node.value, 'anything', { ...place, where: at(place.where, 'value') });
  place.compilation.produce(path, { kind: 'mapping', tree: value.tree });
  return {
    items: [{ kind: 'set', path, value: value.expression }],
    scope: withNode(place.scope, node.set, { keys: [path], facts: [] }),
  };
}

/** A clear failure of the run. Its path is the code, which is no id: hyphens stand for underscores. */
export function compileFail(node: FailDefinition, place: Place): Compiled {
  const path = `${place.scope.prefix}${node.fail.replaceAll('_', '-')}`;
  place.compilation.add(path, place.where);
  const message =
    node.message === undefined
      ? {}
      : {
          message: compileValue(node.message, 'text', {
            ...place,
            where: at(place.where, 'message'),
          }).expression,
        };
  return {
    items: [{ kind: 'fail', path, code: node.fail, ...message }],
    scope: place.scope,
    ends: true,
  };
}
