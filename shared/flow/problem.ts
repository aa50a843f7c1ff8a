/** Something wrong with a flow file, found before any job runs. */
export interface Problem {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  /** Where in the flow: `do[1].route[0].when`; empty for the document as a whole. */
  readonly path: string;
  readonly code: string;
  /** One or two sentences: what is wrong and how to write it. */
  readonly message: string;
}

/** A problem whose line is not known yet: `Positions` finds it by its path. */
export interface Finding {
  readonly path: string;
  readonly code: string;
  readonly message: string;
  /** UTF-16 units from the start of the expression at `path` to the fault in it. */
  readonly offset?: number;
}

/** `support.yaml:12:15 do[1].route[0].when: … (code)`: one line for people. */
export function formatProblem(problem: Problem): string {
  const at = `${problem.file}:${problem.line}:${problem.column}`;
  return `${at} ${problem.path === '' ? '' : `${problem.path}: `}${problem.message} (${problem.code})`;
}

/** Appends a key or an index to a path in a flow. */
export function at(path: string, ...parts: readonly (string | number)[]): string {
  return parts.reduce<string>((whole, part) => {
    if (typeof part === 'number') return `${whole}[${part}]`;
    return whole === '' ? part : `${whole}.${part}`;
  }, path);
}
