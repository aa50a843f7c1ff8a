import type { JsonValue } from '../envelope/json.ts';
import type { CelFault } from './cel.ts';
import type { PathRead, Usage } from './cel-usage.ts';
import { didYouMean } from './did-you-mean.ts';
import type { Binding, KeyTemplate, Reads } from './kernel.ts';
import { contextOf, namesIn, type Scope } from './scope.ts';

/** A chain of fields whose root is known by key: what the checks against schemas look at. */
export interface ResolvedPath {
  /** Place of the expression in the flow. */
  readonly where: string;
  readonly offset: number;
  /** As it is written: `context.intent`. */
  readonly root: string;
  readonly keys: readonly KeyTemplate[];
  readonly fields: readonly string[];
  /** Fields from this index on may be missing. */
  readonly optionalFrom: number;
}

/** Gathers what a set of expressions reads. */
export class ReadsBuilder {
  readonly #names = new Map<string, Binding>();
  readonly #nodes = new Map<string, Binding>();
  #context = false;
  #patches: readonly KeyTemplate[] = [];
  readonly constants = new Map<string, JsonValue>();

  name(name: string, keys: readonly KeyTemplate[]): void {
    this.#names.set(name, { name, keys });
  }

  node(name: string, keys: readonly KeyTemplate[]): void {
    this.#context = true;
    this.#nodes.set(name, { name, keys });
  }

  /** `$` facts lie under a key of their own; naming it as `factsKey` too tells the engine that they are wanted. */
  facts(name: string, key: KeyTemplate): void {
    this.#context = true;
    this.#nodes.set(name, { name, keys: [key], factsKey: key });
  }

  patches(patches: readonly KeyTemplate[]): void {
    this.#context = true;
    this.#patches = patches;
  }

  build(): Reads {
    const names = [...this.#names.values()];
    if (!this.#context) return { names };
    return { names, context: { patches: this.#patches, nodes: [...this.#nodes.values()] } };
  }
}

/** Where the ids of a whole flow are written, to tell "unknown" from "not visible here". */
export type IdIndex = ReadonlyMap<string, string>;

/** An expression whose names are looked up. */
export interface Lookup {
  readonly source: string;
  readonly usage: Usage;
  readonly where: string;
  readonly scope: Scope;
}

/** Looks up every free name of an expression; what is found goes to `reads`, what is not is a fault. */
export function resolveNames(
  { source, usage, where, scope }: Lookup,
  sinks: Sinks,
): { readonly paths: readonly ResolvedPath[]; readonly faults: readonly CelFault[] } {
  const paths: ResolvedPath[] = [];
  const faults: CelFault[] = [];
  for (const read of usage.paths) {
    const result =
      read.root === 'context'
        ? resolveContext(read, scope, sinks)
        : resolveName(read, scope, sinks, source);
    if ('message' in result) faults.push({ offset: read.offset, ...result });
    else if (result.keys.length > 0) {
      const { offset, optionalFrom } = read;
      // A path below `context` counts its fields from the node's own.
      const skipped = read.fields.length - result.fields.length;
      paths.push({ where, offset, optionalFrom: optionalFrom - skipped, ...result });
    }
  }
  return { paths, faults };
}

type Resolution =
  | Pick<ResolvedPath, 'root' | 'keys' | 'fields'>
  | { readonly code: string; readonly message: string };
interface Sinks {
  readonly reads: ReadsBuilder;
  readonly ids: IdIndex;
}

function resolveName(read: PathRead, scope: Scope, sinks: Sinks, source: string): Resolution {
  const { root, fields } = read;
  const fact = fields.find((field) => field.startsWith('$'));
  if (fact !== undefined)
    return { code: 'fact_unknown', message: `A $ fact is read as context.<id>.${fact}.` };
  const given = scope.given.get(root);
  if (given) return { root, keys: given, fields };
  const constant = scope.constants.get(root);
  if (constant !== undefined) {
    sinks.reads.constants.set(root, constant);
    return { root, keys: [], fields };
  }
  const keys = keysOfName(root, scope);
  if (keys) {
    sinks.reads.name(root, keys);
    return { root, keys, fields };
  }
  return { code: 'name_unknown', message: unknownName(root, source, scope, sinks.ids) };
}

function keysOfName(name: string, scope: Scope): readonly KeyTemplate[] | undefined {
  if (name === 'payload') return [scope.payload];
  if (name === 'previous') return scope.previous;
  return scope.names.get(name);
}

function resolveContext(read: PathRead, scope: Scope, { reads, ids }: Sinks): Resolution {
  const [id, ...fields] = read.fields;
  if (id === undefined) {
    const whole = contextOf(scope);
    reads.patches(whole.patches);
    for (const node of whole.nodes) reads.node(node.name, node.keys);
    return { root: 'context', keys: [], fields: [] };
  }
  const node = scope.nodes.get(id);
  if (!node) {
    if (read.optionalFrom > 0)
      return { code: 'context_unknown', message: unknownNode(id, scope, ids) };
    reads.patches(scope.patches);
    return { root: 'context', keys: [], fields: [] };
  }
  const fact = fields.find((field) => field.startsWith('$'));
  if (fact === undefined) {
    reads.node(id, node.keys);
    return { root: `context.${id}`, keys: node.keys, fields };
  }
  if (fields[0] !== fact || node.factsKey === undefined || !node.facts.includes(fact)) {
    const known = node.facts.length === 0 ? 'none' : node.facts.join(', ');
    return {
      code: 'fact_unknown',
      message: `"${id}" has no fact ${fact}: it has ${known}.${didYouMean(fact, node.facts)}`,
    };
  }
  const name = factsName(id);
  const link = read.nodes[1];
  if (link?.op !== '.' && link?.op !== '.?') {
    return { code: 'fact_unknown', message: `Write context.${id}.${fact}, without brackets.` };
  }
  // Facts have a value of their own beside the node's: the expression is pointed at it.
  link.args[1] = name;
  reads.facts(name, node.factsKey);
  return { root: `context.${id}`, keys: [], fields: [] };
}

function factsName(id: string): string {
  return `${id}/$facts`;
}

function unknownNode(id: string, scope: Scope, ids: IdIndex): string {
  const visible = [...scope.nodes.keys()];
  const list =
    visible.length === 0 ? 'no node has written a value yet' : `visible are ${visible.join(', ')}`;
  const elsewhere = ids.get(id);
  if (elsewhere !== undefined) {
    return `context.${id} is not visible here: it is written at ${elsewhere}, later or in another branch; ${list}.`;
  }
  const patched = `If the job's own context or a model's patch brings it, write context.?${id}.`;
  return `No earlier node writes context.${id}: ${list}.${didYouMean(id, visible)} ${patched}`;
}

const yamlWords = /^(yes|no|on|off|y|n)$/i;
const wordsOfOthers: ReadonlyMap<string, string> = new Map([
  ['True', 'CEL writes true.'],
  ['False', 'CEL writes false.'],
  ['None', 'CEL writes null.'],
  ['nil', 'CEL writes null.'],
  ['undefined', 'CEL writes null; a field that may be missing is payload.?field.'],
  ['steps', 'The output of a step is context.<id>.'],
  ['input', "The run's input is `payload`."],
  ['inputs', "The run's input is `payload`."],
]);

function unknownName(name: string, source: string, scope: Scope, ids: IdIndex): string {
  if (yamlWords.test(name) && source.trim() === name) {
    return `In YAML 1.2 \`${name}\` is a word, not a boolean: write true or false, or { $text: "${name}" } for the text.`;
  }
  const word = wordsOfOthers.get(name);
  if (word !== undefined) return `There is no "${name}" here. ${word}`;
  if (scope.nodes.has(name)) return `The output of "${name}" is read as context.${name}.`;
  if (ids.has(name)) return unknownNode(name, scope, ids);
  if (source.trim() === name) {
    const text = `For the text write { $text: "${name}" } or "'${name}'".`;
    return `\`${name}\` is an expression here and no name it knows.${didYouMean(name, namesIn(scope))} ${text}`;
  }
  if (new RegExp(`\\w-${name}\\b`).test(source)) {
    return `There is no "${name}" here. A field with a hyphen is written payload['some-${name}'].`;
  }
  return `There is no "${name}" here.${didYouMean(name, namesIn(scope))} Known are ${namesIn(scope).join(', ')}.`;
}
