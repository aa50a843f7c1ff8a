import type { Document, LineCounter, ParsedNode } from 'yaml';
import type { Problem } from './problem.ts';
import { explainYamlError, explainYamlWarning, type YamlTrap } from './yaml-traps.ts';

/** Problems shown for one file: more help nobody. */
export const MAX_PROBLEMS = 50;

/** The text of a flow file, where offsets become lines. */
export class SourceText {
  readonly text: string;
  readonly file: string;
  readonly #lines: LineCounter;

  constructor(text: string, file: string, lines: LineCounter) {
    this.text = text;
    this.file = file;
    this.#lines = lines;
  }

  problem(offset: number, path: string, { code, message }: YamlTrap): Problem {
    const { line, col } = this.#lines.linePos(Math.max(0, Math.min(offset, this.text.length)));
    return {
      file: this.file,
      line: Math.max(1, line),
      column: Math.max(1, col),
      path,
      code,
      message,
    };
  }

  problemsOf(document: Document.Parsed<ParsedNode>): readonly Problem[] {
    const directive = /^%[^\n]*/m.exec(this.text);
    if (directive && document.directives && /^%/m.test(this.text.split(/^---/m)[0] ?? '')) {
      const message = `Directives are not read: \`${directive[0]}\`. Flow files are YAML 1.2.`;
      return [this.problem(directive.index, '', { code: 'yaml_directive', message })];
    }
    const exhausted = document.errors.find((error) => error.code === 'RESOURCE_EXHAUSTION');
    const errors = exhausted ? [exhausted] : document.errors.slice(0, MAX_PROBLEMS);
    return [
      ...errors.map((error) =>
        this.problem(
          error.pos[0],
          '',
          explainYamlError(error.code, error.message, this.lineAt(error.pos[0])),
        ),
      ),
      ...document.warnings
        .slice(0, MAX_PROBLEMS)
        .map((warning) =>
          this.problem(
            warning.pos[0],
            '',
            explainYamlWarning(warning.message, this.lineAt(warning.pos[0])),
          ),
        ),
    ].filter(
      (problem, index, all) => all.findIndex((other) => other.line === problem.line) === index,
    );
  }

  lineAt(offset: number): string {
    const start = this.text.lastIndexOf('\n', Math.max(0, offset - 1)) + 1;
    const end = this.text.indexOf('\n', start);
    return this.text.slice(start, end === -1 ? undefined : end).slice(0, 200);
  }
}
