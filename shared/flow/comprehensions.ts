import {
  type ASTNode,
  type Environment,
  EvaluationError,
  type OverlayContext,
  ParseError,
  type RootContext,
} from '@marcbachmann/cel-js';

/**
 * all, exists, exists_one, filter and map with a budget of iterations per evaluation. The library's own have none: two nested
 * ones over a list of 100,000 elements would hold the process for minutes. A macro that is registered for another receiver
 * type takes the place of the built-in of the same name and number of arguments.
 */

/** Iterations one evaluation may make, all comprehensions in it together: about 10 ms. */
const MAX_ITERATIONS = 100_000;

let iterationsLeft = MAX_ITERATIONS;

/** Begins an evaluation; evaluations never overlap, as CEL runs to its end without waiting. */
export function resetIterations(): void {
  iterationsLeft = MAX_ITERATIONS;
}

type Context = RootContext | OverlayContext;
type CelType = Parameters<OverlayContext['forkWithVariable']>[1];
interface Checker {
  check(
    node: ASTNode,
    context: Context,
  ): CelType & { kind: string; name: string; valueType?: CelType; keyType?: CelType };
  getType(name: string): CelType;
}
interface Runner {
  run(node: ASTNode, context: Context): unknown;
}
interface Expansion {
  readonly ast: ASTNode;
  readonly args: readonly ASTNode[];
  readonly receiver: ASTNode;
}
type Each = (index: number, node: ASTNode) => unknown;

/** Computes the result of one comprehension; `each` evaluates an argument for the element at an index. */
type Fold = (items: readonly unknown[], each: Each, args: readonly ASTNode[]) => unknown;

const folds: readonly (readonly [signature: string, result: string, fold: Fold])[] = [
  ['all(ast, ast)', 'bool', (items, each, args) => quantify(items, each, args[1]!, false)],
  ['exists(ast, ast)', 'bool', (items, each, args) => quantify(items, each, args[1]!, true)],
  [
    'exists_one(ast, ast)',
    'bool',
    (items, each, args) =>
      items.filter((_, index) => holds(each(index, args[1]!), args[1]!)).length === 1,
  ],
  [
    'filter(ast, ast)',
    'list',
    (items, each, args) => items.filter((_, index) => holds(each(index, args[1]!), args[1]!)),
  ],
  ['map(ast, ast)', 'list', (items, each, args) => items.map((_, index) => each(index, args[1]!))],
  [
    'map(ast, ast, ast)',
    'list',
    (items, each, args) =>
      items.flatMap((_, index) =>
        holds(each(index, args[1]!), args[1]!) ? [each(index, args[2]!)] : [],
      ),
  ],
];

/** Registers the bounded comprehensions over the library's own. */
export function registerComprehensions(environment: Environment): void {
  for (const [signature, result, fold] of folds) {
    environment.registerFunction(`map.${signature}: ${result}`, ({ args, receiver }: Expansion) => {
      const variable = args[0]!;
      if (variable.op !== 'id') {
        const message = `the first argument of ${signature.split('(')[0]}() is the name of the element`;
        throw new ParseError({ code: 'invalid_macro_argument', message, node: variable });
      }
      const name = variable.args;
      let elementType: CelType;
      return {
        async: false,
        typeCheck(checker: Checker, _macro: unknown, context: Context) {
          elementType = elementTypeOf(checker, receiver, context);
          const inner = context.forkWithVariable(name, elementType);
          for (const argument of args.slice(1)) checker.check(argument, inner);
          return checker.getType(result);
        },
        evaluate(runner: Runner, _macro: unknown, context: Context) {
          const items = itemsOf(runner.run(receiver, context), receiver);
          const inner = context.forkWithVariable(name, elementType);
          const each: Each = (index, node) => {
            if (--iterationsLeft < 0) throw tooManyIterations(receiver);
            return runner.run(
              node,
              inner.setIterValue(items[index], runner) as unknown as OverlayContext,
            );
          };
          return fold(items, each, args);
        },
      };
    });
  }
}

function elementTypeOf(checker: Checker, receiver: ASTNode, context: Context): CelType {
  const type = checker.check(receiver, context);
  if (type.kind === 'list' && type.valueType) return type.valueType;
  if (type.kind === 'map' && type.keyType) return type.keyType;
  if (type.kind === 'dyn') return checker.getType('dyn');
  throw notIterable(type.name, receiver);
}

function itemsOf(value: unknown, node: ASTNode): readonly unknown[] {
  if (Array.isArray(value)) return value;
  if (typeof value === 'object' && value !== null) return Object.keys(value);
  throw notIterable(value === null ? 'null' : typeof value, node);
}

/** The first element that answers `deciding` settles it, even when an earlier one failed (as CEL defines it). */
function quantify(
  items: readonly unknown[],
  each: Each,
  predicate: ASTNode,
  deciding: boolean,
): boolean {
  let failure: unknown;
  for (let index = 0; index < items.length; index++) {
    try {
      if (holds(each(index, predicate), predicate) === deciding) return deciding;
    } catch (error) {
      if (iterationsLeft < 0) throw error;
      failure ??= error;
    }
  }
  if (failure !== undefined) throw failure;
  return !deciding;
}

function holds(value: unknown, node: ASTNode): boolean {
  if (typeof value === 'boolean') return value;
  throw new EvaluationError({
    code: 'not_a_boolean',
    message: 'the condition must give true or false',
    node,
  });
}

function notIterable(type: string, node: ASTNode): EvaluationError {
  return new EvaluationError({
    code: 'not_a_list',
    message: `a list is needed here, this is ${type}`,
    node,
  });
}

function tooManyIterations(node: ASTNode): EvaluationError {
  const message = `more than ${MAX_ITERATIONS} iterations in one expression`;
  return new EvaluationError({ code: 'too_many_iterations', message, node });
}
