import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { ConfigError } from '../errors/errors.ts';
import type { FindFlow } from './compilation.ts';
import { readFlowText } from './flow-file.ts';
import { compileSource, type FlowSource, type LoadedFlow, readFlow } from './load.ts';
import { formatProblem, type Problem } from './problem.ts';

/** The flows of some files, or everything that is wrong with them. */
export interface FlowSet {
  readonly flows: readonly LoadedFlow[];
  readonly problems: readonly Problem[];
}

/** Every flow file (`*.yaml`, `*.yml`, `*.json`) of a folder. Throws ConfigError `flow_invalid` with every problem of all files. */
export function loadFlowFolder(folder: string): readonly LoadedFlow[] {
  const names = readdirSync(folder).filter((name) => /\.(ya?ml|json)$/.test(name));
  const { flows, problems } = loadFlowFiles(names.sort().map((name) => join(folder, name)));
  if (problems.length > 0) throw new ConfigError(problems.map(formatProblem), 'flow_invalid');
  return flows;
}

/** Reads and compiles flow files together: a `flow` node may name any of them. Throws only when a file cannot be opened. */
export function loadFlowFiles(files: readonly string[]): FlowSet {
  const sources: FlowSource[] = [];
  const flows: LoadedFlow[] = [];
  const problems: Problem[] = [];
  for (const file of files) {
    const text = readFlowText(file);
    const read = typeof text === 'string' ? readFlow(text, file) : text;
    if ('definition' in read) sources.push(read);
    else problems.push(...read);
  }
  problems.push(...duplicates(sources));
  for (const source of sources) {
    const compiled = compileSource(source, finderOf(sources));
    if ('flow' in compiled) flows.push(compiled);
    else problems.push(...compiled);
  }
  return { flows, problems };
}

/** The version that is asked for, else the newest. */
function finderOf(sources: readonly FlowSource[]): FindFlow {
  return (name, version) =>
    sources
      .map(({ definition }) => definition)
      .filter((flow) => flow.flow === name && (version === undefined || flow.version === version))
      .sort((one, other) => other.version - one.version)[0];
}

function duplicates(sources: readonly FlowSource[]): readonly Problem[] {
  const seen = new Map<string, string>();
  return sources.flatMap(({ file, definition, document }) => {
    const key = `${definition.flow}@${definition.version}`;
    const first = seen.get(key);
    if (first === undefined) {
      seen.set(key, file);
      return [];
    }
    const message = `Version ${definition.version} of flow "${definition.flow}" is already in ${basename(first)}.`;
    return [document.locate({ path: 'version', code: 'flow_duplicate', message })];
  });
}
