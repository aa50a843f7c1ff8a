import type { JsonValue } from '../envelope/json.ts';
import { type CelProgram, compileCel, expressionFailed } from './cel.ts';
import { nothing } from './cel-result.ts';
import type { Mapping } from './definition-words.ts';
import type { Scope as Values } from './kernel.ts';
import { at, type Finding } from './problem.ts';
import { type IdIndex, type ReadsBuilder, type ResolvedPath, resolveNames } from './resolve.ts';
import type { Scope } from './scope.ts';
import { parseTemplate } from './template.ts';
import { explainForm } from './yaml-traps.ts';

/** A mapping after its expressions were parsed: what it evaluates, and what the static checks look at. */
export type MappingTree =
  | { readonly kind: 'literal'; readonly value: JsonValue; readonly where: string }
  | {
      readonly kind: 'expression';
      readonly program: CelProgram;
      readonly where: string;
      /** The one path it consists of, when it is nothing else. */
      readonly path?: ResolvedPath;
    }
  | {
      readonly kind: 'text';
      readonly parts: readonly (string | CelProgram)[];
      readonly where: string;
    }
  | { readonly kind: 'list'; readonly items: readonly MappingTree[]; readonly where: string }
  | {
      readonly kind: 'map';
      readonly entries: readonly (readonly [key: string, tree: MappingTree])[];
      readonly where: string;
    };

export interface MappingContext {
  readonly scope: Scope;
  readonly ids: IdIndex;
  readonly reads: ReadsBuilder;
  readonly findings: Finding[];
  readonly paths: ResolvedPath[];
}

/** Parses a mapping; what is wrong in it goes to `context.findings`, what it reads to `context.reads`. */
export function readMapping(mapping: Mapping, where: string, context: MappingContext): MappingTree {
  if (typeof mapping === 'string') return readExpression(mapping, where, context);
  if (mapping === null || typeof mapping !== 'object')
    return { kind: 'literal', value: mapping, where };
  if (Array.isArray(mapping)) {
    return {
      kind: 'list',
      items: mapping.map((item, index) => readMapping(item, at(where, index), context)),
      where,
    };
  }
  const form = Object.keys(mapping).find((key) => key.startsWith('$'));
  if (form !== undefined) return readForm(mapping, form, where, context);
  const entries = Object.entries(mapping).map(
    ([key, value]) => [key, readMapping(value, at(where, key), context)] as const,
  );
  return { kind: 'map', entries, where };
}

/** Parses one expression. */
function readExpression(source: string, where: string, context: MappingContext): MappingTree {
  const read = readProgram(source, where, 0, context);
  if (read === undefined) return { kind: 'literal', value: null, where };
  const { program, paths } = read;
  const path = program.usage.isPath && paths.length === 1 ? paths[0] : undefined;
  return path === undefined
    ? { kind: 'expression', program, where }
    : { kind: 'expression', program, where, path };
}

/** `offset` is where the expression begins in the text at `where`. */
function readProgram(
  source: string,
  where: string,
  offset: number,
  context: MappingContext,
): { readonly program: CelProgram; readonly paths: readonly ResolvedPath[] } | undefined {
  let paths: readonly ResolvedPath[] = [];
  const program = compileCel(source, (usage) => {
    const resolved = resolveNames({ source, usage, where, scope: context.scope }, context);
    paths = resolved.paths.map((path) => ({ ...path, offset: offset + path.offset }));
    return resolved.faults;
  });
  context.paths.push(...paths);
  if ('run' in program) return { program, paths };
  for (const fault of program) {
    context.findings.push({ path: where, ...fault, offset: offset + fault.offset });
  }
  return undefined;
}

function readForm(
  mapping: { readonly [key: string]: JsonValue },
  form: string,
  where: string,
  context: MappingContext,
): MappingTree {
  const here = at(where, form);
  const refuse = (code: string, message: string): MappingTree => {
    context.findings.push({ path: here, code, message });
    return { kind: 'literal', value: null, where };
  };
  if (Object.keys(mapping).length > 1) {
    return refuse(
      'mapping_form_mixed',
      `{ ${form}: … } stands alone: other keys beside it have no meaning.`,
    );
  }
  const value = mapping[form] ?? null;
  if (form === '$value') return { kind: 'literal', value, where };
  if (form !== '$text') {
    const { code, message } = explainForm(form);
    return refuse(code, message);
  }
  if (typeof value !== 'string')
    return refuse('mapping_form_invalid', 'The value of $text is text.');
  const template = parseTemplate(value);
  if (typeof template === 'string') return refuse('template_invalid', template);
  const parts = template.map((part) => {
    if (typeof part === 'string') return part;
    return readProgram(part.source, here, part.offset, context)?.program ?? '';
  });
  return { kind: 'text', parts, where };
}

/** The value of a mapping. A key or element whose expression is an empty optional is left out. */
export function evaluateMapping(tree: MappingTree, values: Values): JsonValue | typeof nothing {
  switch (tree.kind) {
    case 'literal':
      return tree.value;
    case 'expression':
      return tree.program.run(values, tree.where);
    case 'text':
      return tree.parts
        .map((part) => (typeof part === 'string' ? part : insert(part, values, tree.where)))
        .join('');
    case 'list':
      return tree.items.flatMap((item) => {
        const value = evaluateMapping(item, values);
        return value === nothing ? [] : [value];
      });
    case 'map': {
      const result: Record<string, JsonValue> = {};
      for (const [key, member] of tree.entries) {
        const value = evaluateMapping(member, values);
        if (value !== nothing) result[key] = value;
      }
      return result;
    }
  }
}

/** Text as it is; lists and maps as JSON. */
function insert(program: CelProgram, values: Values, where: string): string {
  const value = program.run(values, where);
  if (value === nothing) {
    throw expressionFailed(where, program.source, 'it has no value: write .orValue(…) behind it');
  }
  return typeof value === 'string' ? value : JSON.stringify(value);
}
