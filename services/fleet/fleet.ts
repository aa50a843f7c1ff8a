import type { Artifacts } from '../../shared/artifacts/artifact-store.ts';
import { type Client, connectClient } from '../../shared/client/client.ts';
import { ConfigError, type FleetError } from '../../shared/errors/errors.ts';
import type { LoadedFlow } from '../../shared/flow/load.ts';
import { formatProblem } from '../../shared/flow/problem.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';
import { MemoryBroker } from '../../shared/transport/memory/broker.ts';
import { connectMemory } from '../../shared/transport/memory/transport.ts';
import type { Transport } from '../../shared/transport/transport.ts';
import { manifestOf } from '../../shared/worker/manifest-of.ts';
import type { AnyModel } from '../../shared/worker/model.ts';
import { startWorker, type Worker } from '../../shared/worker/worker.ts';
import { type Coordinator, startCoordinator } from '../coordinator/coordinator.ts';
import type { HistoryRow, Store } from '../coordinator/store/store.ts';
import { modelProblems } from './flows.ts';
import { findModel } from './models.ts';

/**
 * The whole fleet in one process: a broker in memory, a coordinator, a worker for each model, a client. The same coordinator,
 * workers and client as over RabbitMQ; only the transport differs.
 */
export interface FleetOptions {
  /** What jobs may name; a flow may nest any other of them. */
  readonly flows: readonly LoadedFlow[];
  /** Only the models that these flows may call are loaded. Default: all of `flows`. */
  readonly serve?: readonly LoadedFlow[];
  /** Further models, by name: runs of the store may call them, whatever their flows are. */
  readonly models?: readonly string[];
  /** It becomes the fleet's: stop() closes it. */
  readonly store: Store;
  /** For large values; its store becomes the fleet's as well. Left out: a job may have 256 KiB. */
  readonly artifacts?: Artifacts;
  readonly logger: Logger;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Told when a model is loaded. */
  readonly onModel?: (name: string) => void;
  /** Told of each history row after its commit, in order. */
  readonly onHistory?: (rows: readonly HistoryRow[]) => void;
}

export interface Fleet {
  readonly client: Client;
  /** Names of the models that are served. */
  readonly models: readonly string[];
  /** Resolves when the fleet may not go on: another process has taken its store. */
  readonly lost: Promise<FleetError>;
  /** Finishes what is being worked on, within a bound, and closes everything. Idempotent; never rejects. */
  stop(): Promise<void>;
}

/**
 * Starts a fleet; resolves when its models are loaded and jobs are taken. Throws ConfigError `model_unknown` or `flow_invalid`
 * when a flow asks for a model that is not there or does not fit it.
 */
export async function startFleet(options: FleetOptions): Promise<Fleet> {
  const parts = new FleetParts(options.store, options.artifacts);
  try {
    const served = options.serve ?? options.flows;
    const models = await modelsOf(served, options.models ?? [], options.env);
    check(served, models);
    return await parts.start(options, models);
  } catch (error) {
    await parts.stop();
    throw error;
  }
}

class FleetParts {
  readonly #broker = new MemoryBroker();
  readonly #store: Store;
  readonly #artifacts: { readonly artifacts?: Artifacts };
  readonly #transports: Transport[] = [];
  readonly #workers: Worker[] = [];
  #coordinator: Coordinator | undefined;
  #client: Client | undefined;
  #stopped: Promise<void> | undefined;

  constructor(store: Store, artifacts: Artifacts | undefined) {
    this.#store = store;
    this.#artifacts = artifacts === undefined ? {} : { artifacts };
  }

  async start(options: FleetOptions, models: readonly AnyModel[]): Promise<Fleet> {
    const { flows, store, logger, onHistory, onModel } = options;
    // Workers first: no run of an earlier process finds its model missing.
    await Promise.all(
      models.map(async (model) => {
        await this.#serve(model, logger);
        onModel?.(model.name);
      }),
    );
    const coordinator = await startCoordinator({
      store,
      flows,
      logger: logger.child({ service: 'coordinator' }),
      instance: 'fleet',
      transport: this.#connect(logger),
      ...this.#artifacts,
      ...(onHistory === undefined ? {} : { onHistory }),
    });
    this.#coordinator = coordinator;
    const client = await connectClient({
      transport: this.#connect(logger),
      logger,
      ...this.#artifacts,
    });
    this.#client = client;
    return {
      client,
      models: models.map((model) => model.name),
      lost: coordinator.lost,
      stop: () => this.stop(),
    };
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #serve(model: AnyModel, logger: Logger): Promise<void> {
    const worker = await startWorker({
      model,
      transport: this.#connect(logger),
      logger: logger.child({ service: model.name }),
      instance: 'fleet',
      ...this.#artifacts,
    });
    this.#workers.push(worker);
    // The fleet was stopped while the model loaded.
    if (this.#stopped !== undefined) await worker.stop();
  }

  #connect(logger: Logger): Transport {
    const onError = (error: Error) => logger.error({ err: error }, 'transport');
    const transport = connectMemory(this.#broker, { onError });
    this.#transports.push(transport);
    return transport;
  }

  async #stop(): Promise<void> {
    await this.#client?.close();
    await this.#coordinator?.stop();
    await Promise.allSettled(this.#workers.map((worker) => worker.stop()));
    await Promise.allSettled(this.#transports.map((transport) => transport.close()));
    await this.#store.close();
    await this.#artifacts.artifacts?.store.close();
  }
}

async function modelsOf(
  flows: readonly LoadedFlow[],
  further: readonly string[],
  env: FleetOptions['env'],
): Promise<AnyModel[]> {
  const called = flows.flatMap(({ flow }) => flow.mayCall.map(({ model }) => model));
  const names = [...new Set([...called, ...further])];
  const found = await Promise.all(names.map((name) => findModel(name, env)));
  const missing = names.filter((_, index) => found[index] === undefined);
  if (missing.length > 0) {
    throw new ConfigError(
      missing.map((name) => `There is no model "${name}" to load.`),
      'model_unknown',
    );
  }
  return found.filter((model) => model !== undefined);
}

function check(flows: readonly LoadedFlow[], models: readonly AnyModel[]): void {
  const manifests = models.map((model) => manifestOf(model, 'fleet', model.concurrency));
  const problems = modelProblems(flows, manifests);
  if (problems.length > 0) throw new ConfigError(problems.map(formatProblem), 'flow_invalid');
}
