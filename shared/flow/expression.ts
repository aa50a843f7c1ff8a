import { isJsonObject, type JsonValue } from '../envelope/json.ts';
import { ContractError } from '../errors/errors.ts';
import { expressionFailed } from './cel.ts';
import { nothing } from './cel-result.ts';
import type { Compilation } from './compilation.ts';
import type { Mapping } from './definition-words.ts';
import type { Expression, KeyTemplate, Scope as Values } from './kernel.ts';
import { evaluateMapping, type MappingTree, readMapping } from './mapping.ts';
import { ReadsBuilder } from './resolve.ts';
import type { Scope } from './scope.ts';

/** What a value must be at its place. */
export type Wanted = 'anything' | 'object' | 'output' | 'boolean' | 'number' | 'list' | 'text';

const isWanted: Readonly<Record<Wanted, (value: JsonValue) => boolean>> = {
  anything: () => true,
  object: isJsonObject,
  output: isJsonObject,
  boolean: (value) => typeof value === 'boolean',
  number: (value) => typeof value === 'number',
  list: (value) => Array.isArray(value),
  text: (value) => typeof value === 'string',
};

const names: Readonly<Record<Wanted, string>> = {
  anything: 'any value',
  object: 'an object',
  output: 'an object, like the output of a model',
  boolean: 'true or false',
  number: 'a number',
  list: 'a list',
  text: 'text',
};

/** Codes of values that are not what was wanted; the others are expressions that failed. */
const codes: Partial<Readonly<Record<Wanted, string>>> = {
  object: 'input_not_object',
  output: 'output_not_object',
};

/** A mapping or expression, ready to run, and what the static checks need of it. */
export interface CompiledValue {
  readonly expression: Expression;
  readonly tree: MappingTree;
}

/** Where something is compiled. */
export interface Place {
  readonly where: string;
  readonly scope: Scope;
  readonly compilation: Compilation;
}

/** Compiles a mapping or an expression (a mapping that is text); problems go to the compilation. */
export function compileValue(
  mapping: Mapping,
  wanted: Wanted,
  { where, scope, compilation }: Place,
): CompiledValue {
  const reads = new ReadsBuilder();
  const { ids, findings, paths } = compilation;
  const tree = readMapping(mapping, where, { scope, ids, reads, findings, paths });
  if (mapping === null && wanted !== 'anything') {
    const code = codes[wanted] ?? 'type_mismatch';
    compilation.find(where, code, `This must give ${names[wanted]}, it gives null.`);
  }
  checkStatically(tree, wanted, where, compilation);
  const source = typeof mapping === 'string' ? mapping : JSON.stringify(mapping).slice(0, 300);
  return { tree, expression: expressionOf(tree, wanted, { source, where, reads }) };
}

/** An expression that gives the first of `keys` that has a value. */
export function readKeys(name: string, keys: readonly KeyTemplate[]): Expression {
  return {
    source: name,
    reads: { names: [{ name, keys }] },
    evaluate: (values) => {
      const value = values[name];
      if (value === undefined) throw expressionFailed(name, name, `${name} has no value here`);
      return value;
    },
  };
}

/** An expression that tells whether one of `keys` has a value. */
export function isPresent(keys: readonly KeyTemplate[]): Expression {
  return {
    source: 'output has a value',
    reads: { names: [{ name: 'output', keys }] },
    evaluate: (values) => values['output'] !== undefined,
  };
}

function expressionOf(
  tree: MappingTree,
  wanted: Wanted,
  {
    source,
    where,
    reads,
  }: { readonly source: string; readonly where: string; readonly reads: ReadsBuilder },
): Expression {
  const isRight = isWanted[wanted];
  const constants = reads.constants.size === 0 ? undefined : Object.fromEntries(reads.constants);
  return {
    source,
    reads: reads.build(),
    evaluate(values: Values) {
      const value = evaluateMapping(
        tree,
        constants === undefined ? values : { ...values, ...constants },
      );
      if (value === nothing)
        throw expressionFailed(where, source, 'it has no value: write .orValue(…) behind it');
      if (isRight(value)) return value;
      const message = `${where}: this must give ${names[wanted]}, it gives ${kindOf(value)} (in: ${source})`;
      throw new ContractError(codes[wanted] ?? 'expression_failed', message, {
        details: { where },
      });
    },
  };
}

/** What can be said of the type before anything runs. */
function checkStatically(
  tree: MappingTree,
  wanted: Wanted,
  where: string,
  compilation: Compilation,
): void {
  const type = typeOf(tree);
  const fits = type === (wanted === 'output' ? 'object' : wanted);
  if (wanted === 'anything' || type === undefined || fits) return;
  const code = codes[wanted] ?? 'type_mismatch';
  const hint =
    wanted === 'boolean' && tree.kind === 'literal' ? ' Write the expression as text.' : '';
  compilation.find(where, code, `This must give ${names[wanted]}, it gives ${names[type]}.${hint}`);
}

const celTypes: ReadonlyMap<string, Wanted> = new Map([
  ['bool', 'boolean'],
  ['string', 'text'],
  ['int', 'number'],
  ['double', 'number'],
  ['list', 'list'],
  ['map', 'object'],
]);

function typeOf(tree: MappingTree): Wanted | undefined {
  switch (tree.kind) {
    case 'literal':
      return (['object', 'boolean', 'number', 'list', 'text'] as const).find((wanted) =>
        isWanted[wanted](tree.value),
      );
    case 'expression':
      return celTypes.get(tree.program.type.replace(/<.*$/, ''));
    case 'text':
      return 'text';
    case 'list':
      return 'list';
    case 'map':
      return 'object';
  }
}

function kindOf(value: JsonValue): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return names.list;
  const kind = typeof value;
  if (kind === 'object') return names.object;
  if (kind === 'string') return names.text;
  return kind === 'number' ? names.number : names.boolean;
}
