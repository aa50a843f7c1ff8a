import { type ASTNode, ParseError, type ParseResult } from '@marcbachmann/cel-js';
import { environment, limits } from './cel-environment.ts';

/** UTF-16 units one expression may be long. */
const MAX_EXPRESSION_LENGTH = 10_000;

/** Why a text is no expression. */
export interface SyntaxFault {
  readonly message: string;
  readonly offset: number;
}

/**
 * Parses an expression. `$` facts (`context.review.$missing`) are no CEL: the lexer sees `_` in place of `$`, so every
 * position stays what the author wrote, and the field's real name is put back into the tree.
 */
export function parseCel(source: string): ParseResult | SyntaxFault {
  if (source.trim() === '') return fault(source, 0, 'The expression is empty.');
  if (source.length > MAX_EXPRESSION_LENGTH) {
    return fault(source, 0, `An expression is at most ${MAX_EXPRESSION_LENGTH} characters long.`);
  }
  try {
    const parsed = environment.parse(maskFacts(source));
    restoreFacts(parsed.ast, source);
    return parsed;
  } catch (error) {
    if (error instanceof ParseError) return describe(source, error);
    // A tree that is deeper than the parser's own stack.
    return fault(source, 0, 'The expression is nested too deeply.');
  }
}

/** Every child of a node, whatever its kind. */
export function childrenOf(node: ASTNode): readonly ASTNode[] {
  switch (node.op) {
    case 'value':
    case 'id':
      return [];
    case '.':
    case '.?':
      return [node.args[0]];
    case '!_':
    case '-_':
      return [node.args];
    case 'call':
      return node.args[1];
    case 'rcall':
      return [node.args[1], ...node.args[2]];
    case 'map':
      return node.args.flat();
    default:
      return node.args;
  }
}

/** `.$name` outside string literals becomes `._name`: the same length. */
function maskFacts(source: string): string {
  if (!source.includes('$')) return source;
  return source.replace(
    /(?:[rR]?("""|''')[\s\S]*?\1)|(?:"(?:\\.|[^"\\])*")|(?:'(?:\\.|[^'\\])*')|(?:(\.\??)\$(?=[a-zA-Z]))/g,
    (match, _quote, dot: string | undefined) => (dot === undefined ? match : `${dot}_`),
  );
}

function restoreFacts(node: ASTNode, source: string): void {
  if ((node.op === '.' || node.op === '.?') && source[node.pos] === '$') {
    node.args[1] = source.slice(node.pos, node.end);
  }
  for (const child of childrenOf(node)) restoreFacts(child, source);
}

const wordsOfOtherLanguages: ReadonlyMap<string, string> = new Map([
  ['and', 'CEL writes && for "and".'],
  ['or', 'CEL writes || for "or".'],
  ['not', 'CEL writes ! for "not".'],
  ['is', 'CEL compares with ==.'],
  ['eq', 'CEL compares with ==.'],
  ...['if', 'then', 'else'].map(
    (word) => [word, 'CEL writes a choice as condition ? one : other.'] as const,
  ),
]);

const signs: readonly (readonly [pattern: RegExp, sentence: string])[] = [
  [/^[!=]==/, 'CEL compares with == and !=, never with three signs.'],
  [/^=>/, 'CEL has no arrow functions: write list.map(x, x * 2).'],
  [/^=/, 'A single = is no operator: compare with ==.'],
  [/^\|/, 'A single | is no operator: "or" is ||.'],
  [/^&/, 'A single & is no operator: "and" is &&.'],
  [/^\$\{/, 'A template has a meaning only inside { $text: "…" }.'],
  [/^\$/, 'A $ fact belongs to a node: write context.<id>.$name.'],
  [/^`/, 'Text stands in single or double quotes, not in backticks.'],
  [/^#/, 'CEL has no # comments.'],
  [/^;/, 'An expression has no semicolon.'],
  [/^@/, 'CEL has no @.'],
  [/^[“”„‘’]/, 'Use straight quotes, not typographic ones.'],
];

function describe(source: string, error: ParseError): SyntaxFault {
  const offset = Math.min(error.range?.start ?? 0, source.length);
  if (error.code === 'limit_exceeded') {
    const size = `at most ${limits.maxAstNodes} parts and ${limits.maxDepth} levels`;
    return { message: `The expression is too large: ${size} (${error.summary}).`, offset };
  }
  const sentence = sentenceAt(source, offset);
  if (sentence !== undefined) return { message: sentence, offset };
  const range = error.range;
  const token = range === undefined ? '' : source.slice(range.start, range.end).trim();
  if (token !== '' && /^unexpected_(character|token)$/.test(error.code)) {
    return fault(
      source,
      offset,
      `This is no CEL expression: ${JSON.stringify(token)} is not expected here.`,
    );
  }
  const summary = error.summary.replace(/IDENTIFIER/, 'a name').replace(/\bEOF\b/, 'the end');
  return fault(source, offset, `This is no CEL expression: ${lowerFirst(summary)}.`);
}

function sentenceAt(source: string, offset: number): string | undefined {
  // The library points at the second sign of `===`, at the dot of `?.` and at the token after a word.
  for (const from of [offset - 2, offset - 1, offset]) {
    if (from < 0) continue;
    const sign = signs.find(([pattern]) => pattern.test(source.slice(from)));
    if (sign && (from === offset || sign[0].source.includes('=='))) return sign[1];
  }
  if (source.slice(offset - 1, offset + 1) === '?.') {
    return 'An optional field is written payload.?field in CEL, with the question mark after the dot.';
  }
  if (source.slice(offset - 1, offset + 1) === '??' || source.slice(offset, offset + 2) === '??') {
    return 'CEL has no ??: write payload.?field.orValue(…).';
  }
  const word = /^[a-zA-Z]+/.exec(source.slice(offset))?.[0];
  const wordBefore = /(?:^|[^.\w])([a-zA-Z]+)\s*$/.exec(source.slice(0, offset))?.[1];
  return sentenceOfWord(word) ?? sentenceOfWord(wordBefore);
}

function sentenceOfWord(word: string | undefined): string | undefined {
  return word === undefined ? undefined : wordsOfOtherLanguages.get(word.toLowerCase());
}

function fault(source: string, offset: number, message: string): SyntaxFault {
  const looksLikeText =
    /^[\p{L}\d ,.!?:;'’()-]+$/u.test(source) && /\p{L}{2,} \p{L}{2,}/u.test(source);
  const hint = looksLikeText
    ? ` If it is meant as text, write { $text: ${JSON.stringify(source)} }.`
    : '';
  return { message: message + hint, offset };
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
