import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type ParsedNode,
  parseDocument,
  type Scalar,
  type YAMLMap,
} from 'yaml';
import type { JsonObject, JsonValue } from '../envelope/json.ts';
import { unfitText } from './flow-file.ts';
import { at, type Finding, type Problem } from './problem.ts';
import { MAX_PROBLEMS, SourceText } from './source-text.ts';
import {
  explainBraces,
  explainEmpty,
  explainKey,
  explainNumber,
  type YamlTrap,
} from './yaml-traps.ts';

/** Levels of lists and maps in it. */
const MAX_DOCUMENT_DEPTH = 48;
/** Values in it, all levels together. */
const MAX_DOCUMENT_VALUES = 20_000;
/** A flow file as JSON, and where each part of it stands. */
export interface SourceDocument {
  readonly value: JsonValue;
  /** The file, line and column of a finding; an unknown path is placed at the closest parent that is known. */
  locate(finding: Finding): Problem;
}

interface Position {
  readonly offset: number;
  /** Where the text of a scalar begins, when it stands in the file exactly as in the value; columns can be told then. */
  readonly text?: number;
}

/**
 * Reads YAML 1.2 or JSON (which is YAML). The tree of the library is walked by hand: aliases, tags, anchors, merge keys, keys
 * that are no text, `__proto__`, duplicate keys and numbers that are no JSON are refused, each with the line it stands on.
 */
export function readDocument(text: string, file: string): SourceDocument | readonly Problem[] {
  const unfit = unfitText(text, file);
  if (unfit.length > 0) return unfit;
  const lines = new LineCounter();
  const document = parseDocument(text, {
    version: '1.2',
    schema: 'core',
    strict: true,
    // The library compares every key with every other: 30,000 keys take half a minute. The walk below looks for duplicates.
    uniqueKeys: false,
    prettyErrors: false,
    lineCounter: lines,
    logLevel: 'error',
  });
  const source = new SourceText(text, file, lines);
  const problems = source.problemsOf(document);
  if (problems.length > 0) return problems;
  return new Walk(source).read(document.contents);
}

class Walk {
  readonly #source: SourceText;
  readonly #positions = new Map<string, Position>();
  readonly #problems: Problem[] = [];
  #valuesLeft = MAX_DOCUMENT_VALUES;

  constructor(source: SourceText) {
    this.#source = source;
  }

  read(contents: ParsedNode | null): SourceDocument | readonly Problem[] {
    const value = this.#value(contents, '', 0);
    if (this.#problems.length > 0) return this.#problems.slice(0, MAX_PROBLEMS);
    return { value, locate: (finding) => this.#locate(finding) };
  }

  #locate(finding: Finding): Problem {
    let path = finding.path;
    while (path !== '' && !this.#positions.has(path))
      path = path.replace(/(?:^|\.)[^.[\]]*$|\[\d+\]$/, '');
    const position = this.#positions.get(path) ?? { offset: 0 };
    const inText =
      path === finding.path && position.text !== undefined
        ? position.text + (finding.offset ?? 0)
        : undefined;
    return this.#source.problem(inText ?? position.offset, finding.path, finding);
  }

  #refuse(offset: number, path: string, trap: YamlTrap): null {
    this.#problems.push(this.#source.problem(offset, path, trap));
    return null;
  }

  #value(node: Node | null, path: string, depth: number): JsonValue {
    const offset = node?.range?.[0] ?? 0;
    this.#positions.set(path, { offset });
    if (this.#problems.length >= MAX_PROBLEMS) return null;
    if (--this.#valuesLeft < 0) {
      this.#problems.length = 0;
      return this.#stop(
        offset,
        'too_many_values',
        `A flow file has at most ${MAX_DOCUMENT_VALUES} values.`,
      );
    }
    if (depth > MAX_DOCUMENT_DEPTH) {
      return this.#refuse(offset, '', {
        code: 'too_deep',
        message: `A flow file has at most ${MAX_DOCUMENT_DEPTH} levels.`,
      });
    }
    if (node === null) return null;
    if (isAlias(node) || node.anchor !== undefined) {
      const message = `Anchors and aliases are not read: \`${this.#source.lineAt(offset).trim()}\`. Write the value twice.`;
      return this.#refuse(offset, path, { code: 'yaml_alias', message });
    }
    if (node.tag !== undefined) {
      const message = `Tags are not read: \`${this.#source.lineAt(offset).trim()}\`. Put a value that starts with ! in quotes.`;
      return this.#refuse(offset, path, { code: 'yaml_tag', message });
    }
    if (isMap(node)) return this.#map(node, path, depth);
    if (isSeq(node))
      return node.items.map((item, index) =>
        this.#value(item as Node | null, at(path, index), depth + 1),
      );
    return isScalar(node) ? this.#scalar(node, path) : null;
  }

  #stop(offset: number, code: string, message: string): null {
    this.#refuse(offset, '', { code, message });
    this.#valuesLeft = 0;
    return null;
  }

  #map(node: YAMLMap, path: string, depth: number): JsonObject {
    const result: JsonObject = {};
    const flow = node.flow === true;
    for (const { key, value } of node.items) {
      const name = this.#key(key as Node | null, path);
      if (name === undefined) continue;
      const here = at(path, name);
      const offset = (key as Node).range?.[0] ?? 0;
      if (Object.hasOwn(result, name)) {
        this.#refuse(offset, here, {
          code: 'duplicate_key',
          message: `The key "${name}" is written twice.`,
        });
        continue;
      }
      if (value === null && flow) {
        this.#refuse(
          offset,
          here,
          explainBraces(
            this.#source.text.slice(node.range?.[0] ?? 0, node.range?.[1] ?? 0).slice(0, 100),
          ),
        );
        continue;
      }
      const child = value as Node | null;
      if (child === null || (isScalar(child) && child.value === null && child.source === '')) {
        this.#refuse(
          offset,
          here,
          flow ? explainBraces(this.#source.lineAt(offset).trim()) : explainEmpty(name),
        );
        continue;
      }
      result[name] = this.#value(child, here, depth + 1);
    }
    return result;
  }

  #key(key: Node | null, path: string): string | undefined {
    const offset = key?.range?.[0] ?? 0;
    if (!isScalar(key) || typeof key.value !== 'string' || key.anchor !== undefined) {
      const [from, to] = key?.range ?? [0, 0];
      this.#refuse(offset, path, explainKey(this.#source.text.slice(from, to).trim().slice(0, 60)));
      return undefined;
    }
    const name = key.value;
    if (name === '__proto__' || name === 'constructor' || name === 'prototype' || name === '<<') {
      this.#refuse(offset, path, {
        code: 'forbidden_key',
        message: `The key "${name}" is not allowed.`,
      });
      return undefined;
    }
    if (name.length > 256 || !isPlainText(name)) {
      this.#refuse(offset, path, {
        code: 'bad_text',
        message: 'A key is at most 256 characters of valid Unicode.',
      });
      return undefined;
    }
    return name;
  }

  #scalar(node: Scalar, path: string): JsonValue {
    const [start = 0, end = start] = node.range ?? [];
    const raw = this.#source.text.slice(start, end);
    const { value } = node;
    if (typeof value === 'number') {
      if (/^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?$/.test(raw) && Number.isFinite(value))
        return value;
      return this.#refuse(start, path, explainNumber(raw, value));
    }
    if (value === null || typeof value === 'boolean') return value;
    if (typeof value !== 'string') return this.#refuse(start, path, explainNumber(raw, value));
    if (!isPlainText(value)) {
      return this.#refuse(start, path, {
        code: 'bad_text',
        message: 'The text holds a NUL character or half of a character.',
      });
    }
    if (raw === value) this.#positions.set(path, { offset: start, text: start });
    else if (raw.slice(1, -1) === value)
      this.#positions.set(path, { offset: start, text: start + 1 });
    return value;
  }
}

function isPlainText(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}
