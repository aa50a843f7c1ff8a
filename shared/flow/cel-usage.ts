import type { ASTNode } from '@marcbachmann/cel-js';
import { childrenOf } from './cel-syntax.ts';
import { didYouMean } from './did-you-mean.ts';

/** A chain of fields read from a free name: `context.intent.label` is root `context`, fields `intent`, `label`. */
export interface PathRead {
  readonly root: string;
  readonly fields: readonly string[];
  /** How many leading fields may be missing without a failure (`.?`, has()): those fields are not checked. Infinity: none must exist. */
  readonly optionalFrom: number;
  readonly offset: number;
  /** The nodes of the chain from the root outwards, so that a resolver can point a fact at its own key. */
  readonly nodes: readonly ASTNode[];
}

/** What an expression uses, found without evaluating it. */
export interface Usage {
  readonly paths: readonly PathRead[];
  readonly faults: readonly {
    readonly code: string;
    readonly message: string;
    readonly offset: number;
  }[];
  /** The expression is one chain of plain fields: its value is part of its input, as it is. */
  readonly isPath: boolean;
}

/** How deep comprehensions may be nested in each other. */
const MAX_COMPREHENSION_DEPTH = 2;

const functions = new Set('size int double string bool dyn type has timestamp duration'.split(' '));

const comprehensions = new Set(['all', 'exists', 'exists_one', 'filter', 'map']);

const methods = new Set([
  ...comprehensions,
  ...'size contains startsWith endsWith indexOf lastIndexOf substring trim lowerAscii upperAscii split join'.split(
    ' ',
  ),
  ...'sum min max or orValue value hasValue of none'.split(' '),
]);

/** Names of other languages, and what to write instead. */
const instead: Readonly<Record<string, string>> = {
  matches:
    'Regular expressions are left out (some run for minutes): use contains(), startsWith(), endsWith() or ask a model.',
  bind: 'cel.bind is left out: compute the value in a `set` node.',
  length: 'The length is size(x).',
  len: 'The length is size(x).',
  includes: 'Write contains() for text, and `x in list` for a list.',
  toLowerCase: 'Write lowerAscii().',
  lower: 'Write lowerAscii().',
  toUpperCase: 'Write upperAscii().',
  upper: 'Write upperAscii().',
  some: 'Write exists(x, …).',
  any: 'Write exists(x, …).',
  every: 'Write all(x, …).',
  str: 'Write string(x).',
  float: 'Write double(x).',
  number: 'Write double(x).',
};

/** Free names, fields and functions of an expression. */
export function usageOf(root: ASTNode): Usage {
  const paths: PathRead[] = [];
  const faults: Usage['faults'][number][] = [];

  function visit(node: ASTNode, bound: ReadonlySet<string>, depth: number): void {
    const chain = chainOf(node);
    if (chain) {
      if (!bound.has(chain.root)) paths.push(chain);
      for (const link of chain.nodes)
        if (link.op === '[]' || link.op === '[?]') visit(link.args[1], bound, depth);
      return;
    }
    if (node.op === 'call' || node.op === 'rcall') visitCall(node, bound, depth);
    else for (const child of childrenOf(node)) visit(child, bound, depth);
  }

  function visitCall(
    node: ASTNode & { op: 'call' | 'rcall' },
    bound: ReadonlySet<string>,
    depth: number,
  ): void {
    const name = node.args[0];
    const known = node.op === 'call' ? functions : methods;
    if (!known.has(name)) {
      faults.push({
        code: 'function_unknown',
        message: unknownFunction(name, known),
        offset: node.start,
      });
      return;
    }
    if (node.op === 'call') {
      for (const argument of node.args[1]) {
        if (name === 'has') visitHas(argument, bound, depth);
        else visit(argument, bound, depth);
      }
      return;
    }
    const [, receiver, args] = node.args;
    if (!(receiver.op === 'id' && receiver.args === 'optional')) visit(receiver, bound, depth);
    const variable = args[0];
    if (!comprehensions.has(name) || variable?.op !== 'id') {
      for (const argument of args) visit(argument, bound, depth);
      return;
    }
    if (depth === MAX_COMPREHENSION_DEPTH) {
      const message = `Comprehensions (all, exists, filter, map) are nested at most ${MAX_COMPREHENSION_DEPTH} deep.`;
      faults.push({ code: 'comprehension_too_deep', message, offset: node.start });
    }
    const inner = new Set(bound).add(variable.args);
    for (const argument of args.slice(1)) visit(argument, inner, depth + 1);
  }

  function visitHas(argument: ASTNode, bound: ReadonlySet<string>, depth: number): void {
    const chain = chainOf(argument);
    if (!chain) {
      visit(argument, bound, depth);
      return;
    }
    const last = chain.fields.length - 1;
    if (!bound.has(chain.root))
      paths.push({ ...chain, optionalFrom: Math.min(chain.optionalFrom, last) });
  }

  visit(root, new Set(), 0);
  const whole = chainOf(root);
  const isPath = whole?.nodes.every((link) => link.op === '.' || link.op === 'id') ?? false;
  return { paths, faults, isPath };
}

/** Flattens field accesses down to a name; an index that is no literal text ends the known fields. */
function chainOf(node: ASTNode): PathRead | undefined {
  const nodes: ASTNode[] = [];
  let at = node;
  while (at.op !== 'id') {
    if (at.op !== '.' && at.op !== '.?' && at.op !== '[]' && at.op !== '[?]') return undefined;
    nodes.unshift(at);
    at = at.args[0];
  }
  const fields: string[] = [];
  let optionalFrom = Number.POSITIVE_INFINITY;
  for (const link of nodes) {
    const field = fieldOf(link);
    if (field === undefined) break;
    if (link.op === '.?' || link.op === '[?]') optionalFrom = Math.min(optionalFrom, fields.length);
    fields.push(field);
  }
  return { root: at.args, fields, optionalFrom, offset: at.start, nodes: [at, ...nodes] };
}

/** The name a link reads, when the text tells it. */
function fieldOf(link: ASTNode): string | undefined {
  if (link.op === '.' || link.op === '.?') return link.args[1];
  if (link.op !== '[]' && link.op !== '[?]') return undefined;
  const index = link.args[1];
  return index.op === 'value' && typeof index.args === 'string' ? index.args : undefined;
}

function unknownFunction(name: string, known: ReadonlySet<string>): string {
  const hint = Object.hasOwn(instead, name) ? ` ${instead[name]}` : didYouMean(name, known);
  return `There is no function "${name}" here.${hint}`;
}
