import type { RunError } from '../../../shared/envelope/envelope.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../shared/envelope/json.ts';
import { FleetError } from '../../../shared/errors/errors.ts';
import type { Expression } from '../../../shared/flow/kernel.ts';
import type { Draft } from './draft.ts';
import { scopeOf } from './values.ts';

export type Evaluated<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: RunError };

/** Where an expression is evaluated. */
export interface Site {
  /** Named in the error. */
  readonly step: string;
  readonly indices: readonly number[];
  /** Names beside those the expression reads: `output`, `branch`. */
  readonly names?: Readonly<Record<string, JsonValue>>;
}

/** The value of an expression, or why it has none. What is no FleetError is a bug and is thrown on. */
export function evaluate(expression: Expression, site: Site, draft: Draft): Evaluated<JsonValue> {
  const scope = scopeOf(expression.reads, site.indices, draft);
  try {
    const names = site.names === undefined ? scope : { ...scope, ...site.names };
    return { ok: true, value: expression.evaluate(names) };
  } catch (error) {
    if (!(error instanceof FleetError)) throw error;
    return { ok: false, error: { code: error.code, message: error.message, step: site.step } };
  }
}

export function evaluateObject(
  expression: Expression,
  site: Site,
  draft: Draft,
): Evaluated<JsonObject> {
  return evaluateAs(isJsonObject, 'an object', { expression, site, draft });
}

export function evaluateBoolean(
  expression: Expression,
  site: Site,
  draft: Draft,
): Evaluated<boolean> {
  return evaluateAs(isBoolean, 'true or false', { expression, site, draft });
}

export function evaluateNumber(
  expression: Expression,
  site: Site,
  draft: Draft,
): Evaluated<number> {
  return evaluateAs(isNumber, 'a number', { expression, site, draft });
}

export function evaluateList(
  expression: Expression,
  site: Site,
  draft: Draft,
): Evaluated<JsonValue[]> {
  return evaluateAs(Array.isArray, 'a list', { expression, site, draft });
}

interface Evaluation {
  readonly expression: Expression;
  readonly site: Site;
  readonly draft: Draft;
}

function evaluateAs<T extends JsonValue>(
  isFit: (value: JsonValue) => value is T,
  wanted: string,
  { expression, site, draft }: Evaluation,
): Evaluated<T> {
  const evaluated = evaluate(expression, site, draft);
  if (!evaluated.ok) return evaluated;
  if (isFit(evaluated.value)) return { ok: true, value: evaluated.value };
  const message = `${expression.source} must be ${wanted}, but it is ${kindOf(evaluated.value)}.`;
  return { ok: false, error: { code: 'expression_failed', message, step: site.step } };
}

function isBoolean(value: JsonValue): value is boolean {
  return typeof value === 'boolean';
}

function isNumber(value: JsonValue): value is number {
  return typeof value === 'number';
}

/** The kind alone: a value may be large, or secret. */
function kindOf(value: JsonValue): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  if (typeof value === 'string') return 'a text';
  return typeof value === 'number' ? 'a number' : 'true or false';
}
