import { type ASTNode, EvaluationError, type ParseResult } from '@marcbachmann/cel-js';
import type { JsonValue } from '../envelope/json.ts';
import { ContractError } from '../errors/errors.ts';
import { NotJson, type nothing, toJson } from './cel-result.ts';
import { parseCel } from './cel-syntax.ts';
import { type Usage, usageOf } from './cel-usage.ts';
import { resetIterations } from './comprehensions.ts';
import type { Scope as Values } from './kernel.ts';

/** A checked expression. */
export interface CelProgram {
  readonly source: string;
  readonly usage: Usage;
  /** `bool`, `string`, `int`, `double`, `list`, `map`, …; `dyn` when it depends on data. */
  readonly type: string;
  /** Throws ContractError `expression_failed` that begins with `where`. */
  run(values: Values, where: string): JsonValue | typeof nothing;
}

export interface CelFault {
  readonly code: string;
  readonly message: string;
  readonly offset: number;
}

/**
 * Parses and type-checks an expression. Its free names are looked up in between by `resolve`, which may point them elsewhere
 * in the tree; what it finds wrong is returned.
 */
export function compileCel(
  source: string,
  resolve: (usage: Usage) => readonly CelFault[] = () => [],
): CelProgram | readonly CelFault[] {
  const parsed = parseCel(source);
  if (!('ast' in parsed)) return [{ code: 'expression_invalid', ...parsed }];
  const usage = usageOf(parsed.ast);
  const faults = [...usage.faults, ...resolve(usage)];
  if (faults.length > 0) return faults;
  const checked = check(parsed);
  if (typeof checked !== 'string') return [checked];
  const isPath = usage.isPath;
  return {
    source,
    usage,
    type: checked,
    run(values, where) {
      resetIterations();
      try {
        const value: unknown = parsed(values);
        return isPath ? (value as JsonValue) : toJson(value);
      } catch (error) {
        throw failure(source, error, where);
      }
    },
  };
}

/** An `expression_failed` error that names the place in the flow. */
export function expressionFailed(where: string, source: string, why: string): ContractError {
  const shown = source.length > 200 ? `${source.slice(0, 200)}…` : source;
  return new ContractError('expression_failed', `${where}: ${why} (in: ${shown})`, {
    details: { where, source: shown },
  });
}

/**
 * Branches of `a ? b : c` may have different types here, as JSON is happy with both; CEL asks for `dyn()` around one of them,
 * so it is put there and the check is made again.
 */
function check(parsed: ParseResult): string | CelFault {
  for (;;) {
    const result = parsed.check();
    if (result.valid) return result.type ?? 'dyn';
    const error = result.error;
    const node = error?.node as ASTNode | undefined;
    if (
      error?.code === 'incompatible_ternary_branches' &&
      node?.op === '?:' &&
      !isDyn(node.args[1])
    ) {
      node.args[1] = asDyn(node.args[1]);
      continue;
    }
    const offset = error?.range?.start ?? 0;
    return {
      code: 'expression_invalid',
      message: typeSentence(error?.code, error?.summary),
      offset,
    };
  }
}

function isDyn(node: ASTNode): boolean {
  return node.op === 'call' && node.args[0] === 'dyn';
}

function asDyn(node: ASTNode): ASTNode {
  const wrapper = parseCel('dyn(null)');
  if (!('ast' in wrapper) || wrapper.ast.op !== 'call') throw new Error('dyn(null) is a call');
  wrapper.ast.args[1][0] = node;
  return wrapper.ast;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

function typeSentence(code: string | undefined, summary = 'unknown error'): string {
  const sentence = summary.charAt(0).toUpperCase() + summary.slice(1);
  if (code === 'no_such_overload')
    return `These types do not go together: ${summary.replace(/^no such overload: /, '')}.`;
  if (code === 'no_matching_overload') return `${sentence}: wrong number or types of arguments.`;
  return `${sentence}.`;
}

function failure(source: string, error: unknown, where: string): ContractError {
  if (error instanceof NotJson) return expressionFailed(where, source, error.message);
  if (!(error instanceof EvaluationError)) {
    return expressionFailed(where, source, error instanceof Error ? error.message : String(error));
  }
  return expressionFailed(where, source, explain(source, error));
}

function explain(source: string, error: EvaluationError): string {
  const node = error.node;
  const summary = error.summary.replace(/dyn<([^<>]*)>/g, '$1');
  if (error.code === 'unknown_variable') return `${/: (.*)$/.exec(summary)?.[1]} has no value here`;
  if (error.code === 'no_such_overload')
    return `these types do not go together: ${summary.replace(/^no such overload: /, '')}`;
  if (error.code !== 'no_such_key' || node === undefined) return lowerFirst(summary);
  if (node.op === '.') {
    const owner = source.slice(node.args[0].start, node.args[0].end);
    const field = source.slice(node.pos, node.end);
    if (owner === 'context') return `context.${field} has no value here`;
    return `${owner} has no field '${field}'`;
  }
  if (node.op === '[]')
    return `${source.slice(node.args[0].start, node.args[0].end)} has no such key`;
  return summary;
}
