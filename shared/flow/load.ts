import { ConfigError } from '../errors/errors.ts';
import type { FindFlow } from './compilation.ts';
import { compileFlow, type Program } from './compile.ts';
import type { FlowDefinition } from './definition.ts';
import { readDocument, type SourceDocument } from './document.ts';
import { type Finding, formatProblem, type Problem } from './problem.ts';
import { readStructure } from './structure.ts';

/** A flow file that could be read: its shape is right, its expressions are not looked at yet. */
export interface FlowSource {
  readonly file: string;
  readonly definition: FlowDefinition;
  readonly document: SourceDocument;
}

/** A flow ready to run, and where it came from. */
export interface LoadedFlow extends Program {
  readonly file: string;
  readonly definition: FlowDefinition;
  /** Turns a finding (of a later check) into a problem with its line. */
  locate(finding: Finding): Problem;
}

/** Reads one flow from YAML or JSON text; `file` is only named in problems. Never throws. */
export function readFlow(text: string, file: string): FlowSource | readonly Problem[] {
  const document = readDocument(text, file);
  if (!('locate' in document)) return document;
  const definition = readStructure(document.value);
  if ('flow' in definition) return { file, definition, document };
  return definition.map((finding) => document.locate(finding));
}

/** Compiles a flow that was read. Never throws. */
export function compileSource(
  source: FlowSource,
  findFlow?: FindFlow,
): LoadedFlow | readonly Problem[] {
  const { file, definition, document } = source;
  const program = compileFlow(definition, findFlow);
  const locate = (finding: Finding): Problem => document.locate(finding);
  return 'flow' in program ? { ...program, file, definition, locate } : program.map(locate);
}

/** Reads and compiles one flow that nests no other. Throws ConfigError `flow_invalid` with every problem. */
export function loadFlow(text: string, file = 'flow.yaml'): LoadedFlow {
  const source = readFlow(text, file);
  const loaded = 'definition' in source ? compileSource(source) : source;
  if ('flow' in loaded) return loaded;
  throw new ConfigError(loaded.map(formatProblem), 'flow_invalid');
}
