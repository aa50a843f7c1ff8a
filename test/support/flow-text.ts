import { compileSource, type LoadedFlow, loadFlow, readFlow } from '../../shared/flow/load.ts';
import type { Problem } from '../../shared/flow/problem.ts';

const head = `flow: sample
version: 1
description: A flow for tests.
input: { type: object }
`;

/** A flow file around the lines of its `do` list (written at the margin). */
export function flowText(nodes: string, more = ''): string {
  const lines = nodes.trim().split('\n');
  return `${head}do:\n${lines.map((line) => `  ${line}`).join('\n')}\n${more}`;
}

/** The flow, compiled; throws with its problems. */
export function flowOf(nodes: string, more = ''): LoadedFlow {
  return loadFlow(flowText(nodes, more));
}

/** What is wrong with a flow file. */
export function problemsIn(text: string): readonly Problem[] {
  const source = readFlow(text, 'flow.yaml');
  if (!('definition' in source)) return source;
  const loaded = compileSource(source);
  return 'flow' in loaded ? [] : loaded;
}

/** The one problem of a flow file around these nodes; throws when there are more or none. */
export function problemOf(nodes: string, more = ''): Problem {
  const problems = problemsIn(flowText(nodes, more));
  const [problem, ...others] = problems;
  if (problem === undefined || others.length > 0) {
    throw new Error(`${problems.length} problems: ${JSON.stringify(problems, null, 1)}`);
  }
  return problem;
}
