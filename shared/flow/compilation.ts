import type { FlowDefinition } from './definition.ts';
import type { KeyTemplate } from './kernel.ts';
import type { MappingTree } from './mapping.ts';
import { at, type Finding } from './problem.ts';
import type { IdIndex, ResolvedPath } from './resolve.ts';

/** When a value that is not the usual one is written: "its default answers". */
type StandIn = string;

/** Who writes the value under a key, as far as its shape can be told without running the flow. */
export type Producer =
  | {
      readonly kind: 'model';
      readonly model: string;
      readonly version?: number;
      readonly standIn?: StandIn;
    }
  | { readonly kind: 'schema'; readonly schema: unknown }
  | { readonly kind: 'mapping'; readonly tree: MappingTree; readonly standIn?: StandIn }
  /** An object with these members; each is the first of its keys that has a value. */
  | { readonly kind: 'fields'; readonly fields: ReadonlyMap<string, readonly KeyTemplate[]> }
  | { readonly kind: 'any'; readonly keys: readonly KeyTemplate[] }
  | { readonly kind: 'list'; readonly element: MappingTree | readonly KeyTemplate[] }
  | { readonly kind: 'element'; readonly list: MappingTree };

/** One place of a flow that calls a model. */
export interface ModelUse {
  /** Path of the call. */
  readonly path: KeyTemplate;
  /** Place of the call in the flow: `do[0]`. */
  readonly where: string;
  /** Place of the model's name. */
  readonly modelWhere: string;
  readonly model: string;
  readonly version?: number;
  readonly input: MappingTree;
  /** Place of its input; the call itself when the input is left out. */
  readonly inputWhere: string;
}

/** Finds the flow that a `flow` node names. */
export type FindFlow = (name: string, version: number | undefined) => FlowDefinition | undefined;

/** Kernel nodes one flow may become, nested flows and rounds of loops written out. */
const MAX_KERNEL_NODES = 5_000;

/** UTF-16 units of a path once map indices are filled in: the envelope's pathSchema takes 512. */
const MAX_PATH_LENGTH = 512;
const INDEX_DIGITS = 5;

/** What one compilation gathers beside the kernel tree. */
export class Compilation {
  readonly findings: Finding[] = [];
  readonly uses: ModelUse[] = [];
  readonly paths: ResolvedPath[] = [];
  readonly producers = new Map<KeyTemplate, Producer[]>();
  readonly ids: IdIndex;
  readonly findFlow: FindFlow;
  /** Names of the flows that are being compiled, outermost first: one that comes again would never end. */
  readonly open: readonly string[];
  readonly #size: { nodes: number };
  /** Place of the flow node that nests this flow; its own findings belong to the nested flow's file and are not repeated. */
  readonly #nestedAt: string | undefined;

  constructor(
    flow: { readonly name: string; readonly ids: IdIndex; readonly findFlow: FindFlow },
    parent?: { readonly compilation: Compilation; readonly where: string },
  ) {
    this.ids = flow.ids;
    this.findFlow = flow.findFlow;
    this.open = [...(parent?.compilation.open ?? []), flow.name];
    this.#size = parent === undefined ? { nodes: 0 } : parent.compilation.#size;
    this.#nestedAt = parent?.where;
  }

  find(path: string, code: string, message: string): void {
    this.findings.push({ path, code, message });
  }

  produce(key: KeyTemplate, producer: Producer): void {
    const known = this.producers.get(key);
    if (known) known.push(producer);
    else this.producers.set(key, [producer]);
  }

  /** Takes over what a nested flow tells about its values; its own faults are told in its own file. */
  absorb(nested: Compilation): void {
    const where = nested.#nestedAt ?? '';
    for (const [key, producers] of nested.producers) {
      for (const producer of producers) this.produce(key, producer);
    }
    for (const use of nested.uses) this.uses.push({ ...use, where: at(where, use.where) });
    for (const { code, message } of nested.findings) {
      if (isOfTheWhole(code)) this.find(where, code, message);
    }
    if (nested.findings.some(({ code }) => !isOfTheWhole(code))) {
      const message = `The flow "${nested.open.at(-1)}" has problems of its own.`;
      this.find(where, 'flow_broken', message);
    }
  }

  /** Notes a node of the kernel; false when the flow has become too large to go on. */
  add(path: KeyTemplate, where: string): boolean {
    this.#size.nodes += 1;
    if (this.#size.nodes === MAX_KERNEL_NODES + 1) {
      const message = `With its loops and nested flows written out the flow has more than ${MAX_KERNEL_NODES} nodes.`;
      this.find(where, 'flow_too_large', message);
    }
    if (path.replaceAll('#', '0'.repeat(INDEX_DIGITS)).length > MAX_PATH_LENGTH) {
      this.find(
        where,
        'path_too_long',
        `The path of this node is longer than ${MAX_PATH_LENGTH} characters: ${path}`,
      );
    }
    return this.#size.nodes <= MAX_KERNEL_NODES;
  }
}

/** Faults of a composition, which no single file has. */
function isOfTheWhole(code: string): boolean {
  return ['flow_too_large', 'path_too_long', 'flow_recursive', 'flow_broken'].includes(code);
}
