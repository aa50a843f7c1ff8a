import type { z } from 'zod';
import type { JsonObject, JsonValue } from '../envelope/json.ts';
import type { Manifest, ModelLimits } from '../envelope/manifest.ts';
import type { Provenance } from '../envelope/provenance.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { CallArtifacts } from './call-artifacts.ts';

/** What a model may report of one call's cost; counted even when the call fails later. Numbers add up over several reports. */
export interface UsageReport {
  readonly inputTokens?: number;
  readonly outputTokens?: number;
  readonly microUsd?: number;
}

/** What a model is given beside its input. */
export interface Call {
  /** Fires when the call's time is over, its run is cancelled or the worker stops. `reason` is a FleetError. */
  readonly signal: AbortSignal;
  /**
   * The run's context: outputs of earlier steps by step id, and what they patched in. Untrusted text. Large values in it are
   * references, which `artifacts` opens.
   */
  readonly context: JsonObject;
  /**
   * Whose the input and each key of the context is: a client's, which model's, or the flow's own. Undefined unless the model asks for it
   * (`provenance: true`), and where a coordinator does not know it yet.
   */
  readonly provenance: Provenance | undefined;
  readonly artifacts: CallArtifacts;
  readonly log: Logger;
  /** Problems of the previous answer, when the same call is asked again because its output was refused. */
  readonly reask: readonly string[];
  /** The same for every delivery of one (run, path, attempt): hand it to a provider that can deduplicate. */
  readonly idempotencyKey: string;
  readonly run: string;
  readonly path: string;
  readonly attempt: number;
  /** Reports tokens and money of this call. */
  usage(report: UsageReport): void;
  /** Sends progress (a token, a page done) to whoever watches the run; dropped where nobody does. */
  emit(progress: JsonObject): void;
  /** Adds or overwrites a context key for later steps. Node ids cannot be overwritten: such a key is refused at the reply. */
  patch(key: string, value: JsonValue): void;
}

/** A named capability with one major version: what a worker service serves. Make it with `defineModel`. */
export interface Model<
  Input extends object = JsonObject,
  Output extends object = JsonObject,
  Loaded = unknown,
> {
  /** `[a-z][a-z0-9-]*`: a routing word. */
  readonly name: string;
  /** Major version of the contract: raise it when input or output change incompatibly. */
  readonly version: number;
  readonly description: string;
  readonly input: z.ZodType<Input>;
  readonly output: z.ZodType<Output>;
  /**
   * Members of the input that the model takes as they come: as a value, or where that is large as a reference (see
   * `artifactMarkerSchema`) to be read in pieces. References anywhere else are replaced by their values before run().
   */
  readonly references?: readonly string[];
  /**
   * What is made of each input before it is run: for models that take text as orders, execute or render it (`visibleOnly`). Pure; the
   * input schema has been checked before. What it throws fails the call as run() would.
   */
  sanitize?(input: Input): Input;
  /** Calls one process runs at a time. */
  readonly concurrency: number;
  /**
   * Set to `import.meta.url`: run() computes for long stretches, so that it is run in worker threads, `concurrency` of them.
   * Each imports this module and finds the model among its exports. Input, output and what the call is told must be plain data.
   */
  readonly threads?: string;
  /** How long a call may take unless its step says otherwise. */
  readonly timeoutMs?: number;
  /** What a call costs, for those who plan and bill. The model itself reports what it spent with `call.usage`. */
  readonly prices?: NonNullable<Manifest['prices']>;
  /** What one call is expected to use: budgets and token limits set that much aside until the real usage is known. */
  readonly estimate?: NonNullable<Manifest['estimate']>;
  /** What all workers of the model together may be asked; the coordinators keep to it. */
  readonly limits?: ModelLimits;
  /** Its calls are told whose their input and context are: `call.provenance`. */
  readonly provenance?: boolean;
  /** Called once before the first run (per thread): train, read the corpus, open the engine. */
  load?(): Promise<Loaded> | Loaded;
  /** One call. Throw TransientError or PermanentError to choose what happens next; anything else may be retried. */
  run?(input: Input, call: Call, loaded: Loaded): Promise<Output> | Output;
  /** Answers several calls at once; same length and order as `inputs`. An Error in the list fails that call alone. */
  readonly batch?: { readonly size: number; readonly withinMs: number };
  runBatch?(
    inputs: readonly Input[],
    calls: readonly Call[],
    loaded: Loaded,
  ): Promise<readonly (Output | Error)[]>;
  /** Releases what load() opened. Not called in threads: they end with all that they hold. */
  unload?(loaded: Loaded): Promise<void> | void;
}

/** A model of whatever input and output: what the runtime serves. */
export type AnyModel = Model<object, object>;

/** Types a model's parts against each other; changes nothing. */
export function defineModel<Input extends object, Output extends object, Loaded>(
  model: Model<Input, Output, Loaded>,
): Model<Input, Output, Loaded> {
  return model;
}
