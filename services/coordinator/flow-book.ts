import { nameSchema } from '../../shared/envelope/envelope.ts';
import { FleetError } from '../../shared/errors/errors.ts';
import type { CompiledFlow } from '../../shared/flow/kernel.ts';
import { loadFlow } from '../../shared/flow/load.ts';
import type { Run } from './engine/run.ts';
import { compileDocument, type DefinedFlow, documentOf } from './flow-documents.ts';
import type { Store, StoreTransaction } from './store/store.ts';

/** Flows of one step that exist without being written: `call-sentiment` calls the model `sentiment` and gives its output. */
const CALL = 'call-';

/** Call flows, and pinned earlier versions, kept compiled; their names come from outside. */
const MAX_KEPT = 1_000;

/** The flows that new jobs may name, and those that open runs are pinned to. */
export class FlowBook {
  readonly #loaded: readonly DefinedFlow[];
  /** Newest version last. */
  readonly #byName = new Map<string, CompiledFlow[]>();
  readonly #byDigest = new Map<string, CompiledFlow>();
  readonly #earlier = new Map<string, CompiledFlow>();
  readonly #calls = new Map<string, CompiledFlow>();

  constructor(loaded: readonly DefinedFlow[]) {
    this.#loaded = loaded;
    const flows = loaded.map(({ flow }) => flow);
    for (const flow of flows.sort((a, b) => a.version - b.version)) {
      this.#byName.set(flow.name, [...(this.#byName.get(flow.name) ?? []), flow]);
      this.#byDigest.set(flow.digest, flow);
    }
  }

  /** The flows that were loaded, every version. */
  get flows(): readonly CompiledFlow[] {
    return [...this.#byName.values()].flat();
  }

  /** The flow that a new job gets: the version it asks for, else the newest. Undefined: there is none. */
  find(name: string, version?: number): CompiledFlow | undefined {
    const versions = this.#byName.get(name);
    if (!versions) return (version ?? 1) === 1 ? this.#callFlow(name) : undefined;
    return version === undefined
      ? versions.at(-1)
      : versions.find((flow) => flow.version === version);
  }

  /** The flow that a run began with, whatever was loaded since. Throws FleetError `flow_missing`. */
  async pinned(run: Run, stored: Pick<StoreTransaction, 'findFlow'>): Promise<CompiledFlow> {
    const known = this.#byDigest.get(run.flowDigest) ?? this.#earlier.get(run.flowDigest);
    if (known) return known;
    const row = await stored.findFlow(run.flowDigest);
    // A call flow is never stored: its name says all.
    const flow = row ? compileDocument(row.document) : this.#callFlow(run.flow);
    if (!flow) {
      const version = `${run.flow} v${run.flowVersion} (${run.flowDigest})`;
      throw new FleetError('flow_missing', `The definition of ${version} is not in the store.`);
    }
    keep(this.#earlier, run.flowDigest, flow);
    return flow;
  }

  /** Stores every loaded definition, so that runs outlive the files. */
  async save(store: Store): Promise<void> {
    for (const one of this.#loaded) {
      const { digest, name, version } = one.flow;
      await store.saveFlow({ digest, name, version, document: documentOf(one, this.#loaded) });
    }
  }

  /** Names of the flows that may call a model. */
  namesCalling(model: string): readonly string[] {
    const names = this.flows
      .filter((flow) => flow.models.some((called) => called.model === model))
      .map((flow) => flow.name);
    return [...new Set([...names, `${CALL}${model}`])];
  }

  #callFlow(name: string): CompiledFlow | undefined {
    if (!name.startsWith(CALL)) return undefined;
    const known = this.#calls.get(name);
    if (known) return known;
    const model = name.slice(CALL.length);
    if (!nameSchema.safeParse(model).success) return undefined;
    const { flow } = loadFlow(
      JSON.stringify({
        flow: name,
        version: 1,
        description: `One call of the model ${model}.`,
        input: { type: 'object' },
        do: [{ step: 'answer', model }],
        output: 'context.answer',
      }),
    );
    keep(this.#calls, name, flow);
    return flow;
  }
}

/** The oldest goes when there are too many. */
function keep<T>(kept: Map<string, T>, key: string, value: T): void {
  kept.set(key, value);
  const [oldest] = kept.keys();
  if (kept.size > MAX_KEPT && oldest !== undefined) kept.delete(oldest);
}
