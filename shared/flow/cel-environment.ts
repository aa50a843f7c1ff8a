import { Environment, EvaluationError } from '@marcbachmann/cel-js';
import { registerComprehensions } from './comprehensions.ts';

/**
 * The one CEL environment of Flotilla. What differs from plain CEL, and why:
 *
 * - JSON numbers are doubles, literals like `1` are ints: every arithmetic operator and `==` is also defined for the mix, so that
 *   `context.a + 1` computes. int with int stays int (`7 / 2` is 3), any double makes the result a double.
 * - A division by zero fails for doubles too: Infinity and NaN are no JSON, and NaN makes every comparison silently false.
 * - Comprehensions count their iterations (comprehensions.ts).
 * - Lists and maps may mix types, optional types are on.
 */

/** Sizes of one expression; checked when a flow is loaded. */
export const limits = {
  maxAstNodes: 2_000,
  maxDepth: 32,
  maxListElements: 500,
  maxMapEntries: 500,
  maxCallArguments: 8,
} as const;

type Operand = number | bigint;

const arithmetic: Readonly<Record<string, (left: Operand, right: Operand) => number>> = {
  '+': (left, right) => Number(left) + Number(right),
  '-': (left, right) => Number(left) - Number(right),
  '*': (left, right) => Number(left) * Number(right),
  '/': (left, right) => Number(left) / divisor(right),
  '%': (left, right) => Number(left) % divisor(right),
};

function divisor(value: Operand): number {
  if (Number(value) !== 0) return Number(value);
  throw new EvaluationError({ code: 'division_by_zero', message: 'division by zero' });
}

function makeEnvironment(): Environment {
  const environment = new Environment({
    // Names are checked against what is visible at each place by analyse.ts, which also knows what to suggest.
    unlistedVariablesAreDyn: true,
    homogeneousAggregateLiterals: false,
    enableOptionalTypes: true,
    limits,
  });
  for (const [operator, compute] of Object.entries(arithmetic)) {
    environment.registerOperator(`double ${operator} int: double`, compute);
    environment.registerOperator(`int ${operator} double: double`, compute);
  }
  environment.registerOperator('double % double: double', arithmetic['%']!);
  // More specific than the built-in `double / double`, so it is the one taken for every value that comes from JSON.
  environment.registerOperator('dyn<double> / dyn<double>: double', arithmetic['/']!);
  environment.registerOperator('int == double: bool', (left, right) => Number(left) === right);
  registerNumberLists(environment);
  registerSubstring(environment);
  registerComprehensions(environment);
  return environment;
}

function registerNumberLists(environment: Environment): void {
  const numbers = (list: readonly unknown[]): readonly number[] =>
    list.map((value) => {
      if (typeof value === 'number' || typeof value === 'bigint') return Number(value);
      const message = 'the list holds more than numbers';
      throw new EvaluationError({ code: 'not_a_number', message });
    });
  const someNumbers = (list: readonly unknown[]): readonly number[] => {
    if (list.length > 0) return numbers(list);
    throw new EvaluationError({ code: 'empty_list', message: 'the list is empty' });
  };
  environment.registerFunction('list.sum(): double', (list: readonly unknown[]) =>
    numbers(list).reduce((sum, value) => sum + value, 0),
  );
  environment.registerFunction('list.min(): double', (list: readonly unknown[]) =>
    someNumbers(list).reduce((least, value) => Math.min(least, value)),
  );
  environment.registerFunction('list.max(): double', (list: readonly unknown[]) =>
    someNumbers(list).reduce((most, value) => Math.max(most, value)),
  );
}

function registerSubstring(environment: Environment): void {
  const substring = (text: string, from: Operand, to: Operand = text.length): string => {
    const start = Number(from);
    const end = Number(to);
    if (
      Number.isInteger(start) &&
      Number.isInteger(end) &&
      0 <= start &&
      start <= end &&
      end <= text.length
    )
      return text.slice(start, end);
    throw new EvaluationError({
      code: 'index_out_of_range',
      message: 'substring() is out of range',
    });
  };
  for (const signature of ['double', 'double, double', 'int, double', 'double, int']) {
    environment.registerFunction(`string.substring(${signature}): string`, substring);
  }
}

export const environment = makeEnvironment();
