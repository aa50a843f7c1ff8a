import type { z } from 'zod';
import type { JsonObject, JsonValue } from '../envelope/json.ts';
import { isJsonObject } from '../envelope/json.ts';
import { type FlowDefinition, flowSchema, kindOf, nodeKinds } from './definition.ts';
import { didYouMean } from './did-you-mean.ts';
import { at, type Finding } from './problem.ts';

/** The document as a flow definition with its defaults, or everything about its shape that is wrong. */
export function readStructure(value: JsonValue): FlowDefinition | readonly Finding[] {
  if (!isJsonObject(value)) {
    return [finding([], 'A flow is a map that begins with `flow: <name>`.')];
  }
  const parsed = flowSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  return parsed.error.issues.flatMap((issue) => explain(issue, [], value));
}

type Path = readonly PropertyKey[];
type Issue = z.core.$ZodIssue;

function explain(issue: Issue, base: Path, root: JsonValue): readonly Finding[] {
  const path = [...base, ...issue.path];
  if (issue.code === 'invalid_union') return explainUnion(issue, path, root);
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => unknownKey(key, path, root));
  return [finding(path, sentence(issue, valueAt(root, path)))];
}

/** Of a union, only the option that was meant has anything useful to say. */
function explainUnion(
  issue: Issue & { code: 'invalid_union' },
  path: Path,
  root: JsonValue,
): readonly Finding[] {
  const value = valueAt(root, path);
  const options = issue.errors;
  const meant = isNodePosition(path)
    ? optionOfNode(value, path, options)
    : optionByType(value, options);
  if (typeof meant === 'string') return [finding(path, meant)];
  return (meant ?? []).flatMap((inner) => explain(inner, path, root));
}

/** `do[0]`, `branches[0]`, … hold nodes; `join`, `merge`, `models[0]` do not. */
function isNodePosition(path: Path): boolean {
  const [list, index] = path.slice(-2);
  return typeof index === 'number' && (list === 'do' || list === 'branches');
}

type Option = readonly Issue[];

function optionOfNode(
  value: JsonValue | undefined,
  path: Path,
  options: readonly Option[],
): Option | string {
  if (!isJsonObject(value)) return 'A node is a map like { step: id, model: name }.';
  if (path.at(-2) === 'branches') {
    if (Object.hasOwn(value, 'step')) return options[0] ?? [];
    if (Object.hasOwn(value, 'branch')) return options[1] ?? [];
    return 'A branch is a step, or { branch: id, do: [...] }.';
  }
  const kind = kindOf(value);
  if (kind !== undefined) return options[nodeKinds.indexOf(kind)] ?? [];
  const keys = Object.keys(value);
  const hint = keys.map((key) => didYouMean(key, nodeKinds)).find((text) => text !== '') ?? '';
  return `A node has one of the keys ${nodeKinds.join(', ')}; this has ${keys.join(', ') || 'none'}.${hint}`;
}

/** The option whose complaints are not about the type of the value itself. */
function optionByType(value: JsonValue | undefined, options: readonly Option[]): Option {
  const fits = options.find((issues) =>
    issues.every(
      (issue) =>
        issue.path.length > 0 ||
        (issue.code !== 'invalid_type' &&
          !(issue.code === 'invalid_value' && typeof value !== 'string')),
    ),
  );
  return fits ?? options[0] ?? [];
}

function unknownKey(key: string, path: Path, root: JsonValue): Finding {
  const value = valueAt(root, path);
  const known = knownKeys(path, isJsonObject(value) ? value : {});
  const list = known.length === 0 ? '' : ` Known are ${known.join(', ')}.`;
  return finding(
    [...path, key],
    `There is no key "${key}" here.${didYouMean(key, known)}${list}`,
    'key_unknown',
  );
}

const policyKeys = [
  ...['timeout', 'within', 'retry', 'fallback', 'breaker', 'onOpen', 'onFailure', 'validate'],
  ...['cache', 'context'],
];
const callKeys = ['model', 'input', ...policyKeys];
const keysOfKind: Readonly<Record<(typeof nodeKinds)[number], readonly string[]>> = {
  step: ['step', ...callKeys],
  parallel: ['parallel', 'branches', 'join', 'merge', 'by', 'score', 'concurrency'],
  route: ['route'],
  refine: ['refine', 'draft', 'critic', 'improve', 'score', 'until', 'maxRounds'],
  cascade: ['cascade', 'models', 'input', ...policyKeys, 'accept', 'otherwise', 'score'],
  map: ['map', 'over', 'as', 'do', 'concurrency', 'join', 'collect', 'maxElements'],
  set: ['set', 'value'],
  fail: ['fail', 'message'],
  flow: ['flow', 'of', 'input'],
  wait: ['wait', 'ask', 'within', 'onTimeout', 'answer'],
};

/** Keys of the maps that stand under a key of this name, wherever that is. */
const keysUnder: ReadonlyMap<PropertyKey | undefined, readonly string[]> = new Map([
  ['retry', ['attempts', 'initial', 'factor', 'max', 'jitter', 'on']],
  ['breaker', ['failureRate', 'slow', 'slowRate', 'minCalls', 'window', 'openFor', 'probes']],
  ['fallback', ['model', 'input']],
  ['onOpen', ['stale', 'default']],
  ['onFailure', ['stale', 'default']],
  ['validate', ['reask']],
  ['join', ['need', 'within']],
  ['budget', ['seconds', 'calls', 'tokens', 'usd', 'onExceeded']],
  ['onExceeded', ['model']],
  ['draft', callKeys],
  ['critic', callKeys],
  ['improve', callKeys],
]);

function knownKeys(path: Path, value: JsonObject): readonly string[] {
  if (path.length === 0)
    return ['flow', 'version', 'description', 'input', 'deadline', 'budget', 'do', 'output'];
  const list = path.at(-2);
  const under = keysUnder.get(path.at(-1));
  if (under !== undefined) return under;
  if (list === 'models') return callKeys;
  if (list === 'fallback') return ['model', 'input'];
  if (list === 'route') return ['when', 'do'];
  if (list === 'branches' && Object.hasOwn(value, 'branch')) return ['branch', 'do'];
  const kind = kindOf(value);
  return kind === undefined ? [] : keysOfKind[kind];
}

function sentence(issue: Issue, value: JsonValue | undefined): string {
  if (value === undefined && issue.code === 'invalid_type') return 'This key is missing.';
  switch (issue.code) {
    case 'invalid_type':
      return `Expected ${withArticle(issue.expected)}, found ${nameOf(value)}.${idHint(issue, value)}`;
    case 'invalid_value':
      return `Expected ${issue.values.map((each) => `"${String(each)}"`).join(' or ')}, found ${nameOf(value)}.`;
    case 'too_small':
      return `This must be at least ${issue.minimum} (${issue.origin}).`;
    case 'too_big':
      return `This must be at most ${issue.maximum} (${issue.origin}).`;
    case 'invalid_key':
      return `${JSON.stringify(issue.path.at(-1))}: ${issue.issues[0]?.message ?? issue.message}.`;
    default:
      return `${nameOf(value)}: ${issue.message}.`;
  }
}

function idHint(issue: Issue & { code: 'invalid_type' }, value: JsonValue | undefined): string {
  if (issue.expected !== 'string') return '';
  if (typeof value === 'number') return ' A name or id is a word: letters first.';
  if (typeof value === 'boolean')
    return ' An expression that is always true or false is written "true" or "false" in quotes.';
  return '';
}

function withArticle(type: string): string {
  return (
    {
      array: 'a list',
      object: 'a map',
      record: 'a map',
      string: 'text',
      number: 'a number',
      boolean: 'true or false',
      int: 'a whole number',
    }[type] ?? type
  );
}

function nameOf(value: JsonValue | undefined): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (isJsonObject(value)) return 'a map';
  return JSON.stringify(value).slice(0, 80);
}

function valueAt(root: JsonValue, path: Path): JsonValue | undefined {
  let value: JsonValue | undefined = root;
  for (const part of path) {
    if (Array.isArray(value) && typeof part === 'number') value = value[part];
    else if (isJsonObject(value) && typeof part === 'string' && Object.hasOwn(value, part))
      value = value[part];
    else return undefined;
  }
  return value;
}

function finding(path: Path, message: string, code = 'structure_invalid'): Finding {
  return {
    path: at('', ...path.map((part) => (typeof part === 'number' ? part : String(part)))),
    code,
    message,
  };
}
