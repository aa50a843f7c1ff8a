import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { ConfigError } from '../../../shared/errors/errors.ts';
import { didYouMean } from '../../../shared/flow/did-you-mean.ts';
import type { LoadedFlow } from '../../../shared/flow/load.ts';
import { loadFlowFiles } from '../../../shared/flow/load-folder.ts';
import { formatProblem } from '../../../shared/flow/problem.ts';
import { UsageError } from '../usage-error.ts';

const flowFile = /\.(ya?ml|json)$/;

export interface FoundFlow {
  readonly flow: LoadedFlow;
  /** The flow and those it may nest. */
  readonly all: readonly LoadedFlow[];
}

/**
 * The flow of this name, or the one in this file. Throws UsageError when there is none, ConfigError `flow_invalid` when the
 * file is wrong.
 */
export function findFlow(nameOrFile: string, shipped: readonly LoadedFlow[]): FoundFlow {
  if (flowFile.test(nameOrFile)) return flowOfFile(nameOrFile, shipped);
  const versions = shipped.filter(({ definition }) => definition.flow === nameOrFile);
  const [newest] = versions.sort((one, other) => other.flow.version - one.flow.version);
  if (newest !== undefined) return { flow: newest, all: shipped };
  const names = [...new Set(shipped.map(({ definition }) => definition.flow))];
  throw new UsageError(
    'flow_unknown',
    `There is no flow "${nameOrFile}".${didYouMean(nameOrFile, names)} There are: ${names.join(', ')}.`,
  );
}

function flowOfFile(file: string, shipped: readonly LoadedFlow[]): FoundFlow {
  if (!existsSync(file)) throw new UsageError('file_not_found', `There is no file ${file}.`);
  // First, so that it wins over a shipped flow of the same name and version.
  const { flows, problems } = loadFlowFiles([file, ...othersOf(shipped, [file])]);
  const own = problems.filter((problem) => problem.file === file);
  const flow = flows.find((each) => each.file === file);
  if (own.length > 0 || flow === undefined) {
    throw new ConfigError(own.map(formatProblem), 'flow_invalid');
  }
  const all = flows.filter((each) => each === flow || each.flow.name !== flow.flow.name);
  return { flow, all };
}

/** Paths of the shipped flows that are not among these files: a file that is given twice would be its own duplicate. */
export function othersOf(shipped: readonly LoadedFlow[], files: readonly string[]): string[] {
  const given = new Set(files.map((file) => resolve(file)));
  return shipped.map(({ file }) => file).filter((file) => !given.has(resolve(file)));
}
