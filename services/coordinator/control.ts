import { newId } from '../../shared/envelope/ids.ts';
import type { JsonObject } from '../../shared/envelope/json.ts';
import { manifestSchema } from '../../shared/envelope/manifest.ts';
import { message } from '../../shared/envelope/message.ts';
import { openDelivery } from '../../shared/envelope/open-delivery.ts';
import { describe } from '../../shared/errors/describe.ts';
import { ContractError } from '../../shared/errors/errors.ts';
import type { CompiledFlow } from '../../shared/flow/kernel.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';
import { logRefused } from '../../shared/telemetry/refusal-log.ts';
import { controlQueueName, exchange, routingKey } from '../../shared/transport/topology.ts';
import type { Delivery, ExclusiveQueue, Transport } from '../../shared/transport/transport.ts';
import type { FlowBook } from './flow-book.ts';
import type { ModelBook } from './model-book.ts';
import { contractOf } from './model-contract.ts';
import type { Store } from './store/store.ts';

/** Announcements that came while this process was busy; older ones are repeated anyway. */
const MAX_WAITING = 1_000;
const ASK_AGAIN_MS = 1_000;

export interface ControlOptions {
  readonly store: Store;
  readonly transport: Transport;
  readonly flows: FlowBook;
  readonly models: ModelBook;
  readonly logger: Logger;
  readonly now: () => number;
  /** Told of each announcement. */
  readonly onHeard: (model: string) => void;
  /** Pending runs may start. */
  readonly onWoken: () => void;
}

/** The queue on which this coordinator hears announcements. */
export function controlQueue(instance: string): ExclusiveQueue {
  return {
    name: controlQueueName('coordinator', instance),
    bindings: [{ exchange: exchange.control, routingKey: routingKey.announced('*') }],
    maxLength: MAX_WAITING,
  };
}

/** What the coordinator knows of models, and how it learns it. */
export class Control {
  readonly #options: ControlOptions;
  /** The latest manifest of each model version that was heard and stored. */
  readonly #stored = new Map<string, string>();
  readonly #askedAtMs = new Map<string, number>();

  constructor(options: ControlOptions) {
    this.#options = options;
  }

  /** Knows again what an earlier process was told, and makes the work queues that jobs may need before any worker is there. */
  async restore(): Promise<void> {
    const { store, flows, models, transport, logger } = this.#options;
    for (const { model, version, manifest } of await store.manifests()) {
      models.learn(model, version, contractOf(manifest, logger));
      await transport.declareWorkQueue(model, version);
    }
    for (const { mayCall } of flows.flows) {
      for (const { model, version = 1 } of mayCall) {
        await transport.declareWorkQueue(model, version);
      }
    }
  }

  /** Asks the workers of every known model to announce themselves. */
  async askAll(): Promise<void> {
    const { flows, models } = this.#options;
    const named = flows.flows.flatMap((flow) => flow.mayCall.map(({ model }) => model));
    await this.#ask([...new Set([...named, ...models.names])]);
  }

  /** A run waits for models: those that were never announced are asked, each at most once a second. */
  async askFor(flow: CompiledFlow): Promise<void> {
    const { models, now } = this.#options;
    const unknown = flow.models
      .map(({ model }) => model)
      .filter((model) => models.versionsOf(model).length === 0)
      .filter((model) => (this.#askedAtMs.get(model) ?? 0) + ASK_AGAIN_MS <= now());
    if (unknown.length > 0) await this.#ask(unknown);
  }

  async #ask(models: readonly string[]): Promise<void> {
    const { transport, now } = this.#options;
    const timestamp = new Date(now()).toISOString();
    // Names come from jobs too: what was asked long ago need not be remembered.
    if (this.#askedAtMs.size > MAX_WAITING) this.#askedAtMs.clear();
    for (const model of models) this.#askedAtMs.set(model, now());
    await transport.publish(
      models.map((model) =>
        message({
          type: 'control',
          exchange: exchange.control,
          routingKey: routingKey.ask(model),
          persistent: false,
          envelope: { id: newId(), timestamp, payload: {}, context: {} },
        }),
      ),
    );
  }

  /** Never rejects: what was missed is announced again. */
  async handle(deliveries: readonly Delivery[]): Promise<void> {
    const { logger } = this.#options;
    for (const delivery of deliveries) {
      try {
        const manifest = readManifest(delivery);
        await this.#hear(manifest);
      } catch (error) {
        const { code, message: sentence } = describe(error);
        const ignored = { what: 'announcement ignored', queue: 'control' };
        logRefused(logger, { ...ignored, code, routingKey: delivery.routingKey }, sentence);
      }
    }
  }

  async #hear(manifest: HeardManifest): Promise<void> {
    const { models, store, logger, now, onHeard } = this.#options;
    const { name, version, instance, concurrency, kept } = manifest;
    const key = `${name}.v${version}`;
    const text = JSON.stringify(kept);
    const known = this.#stored.get(key) === text;
    // First for all: a run that one coordinator begins because of it may go on at another.
    if (!known) await store.saveManifest({ model: name, version, manifest: kept, seenAtMs: now() });
    models.learn(name, version, known ? undefined : contractOf(kept, logger));
    models.heard(name, version, { instance, concurrency });
    onHeard(name);
    if (known) return;
    // Not before all is done: a fault is made good by the next announcement.
    if (!this.#stored.has(key)) await this.#welcome(name, version);
    this.#stored.set(key, text);
  }

  /** The first word of a model version in the life of this process. */
  async #welcome(model: string, version: number): Promise<void> {
    const { store, transport, flows, logger, now, onWoken } = this.#options;
    logger.info({ model, version }, 'model announced');
    await transport.declareWorkQueue(model, version);
    await store.wakePendingRuns(flows.namesCalling(model), now());
    onWoken();
  }
}

interface HeardManifest {
  readonly name: string;
  readonly version: number;
  readonly instance: string;
  readonly concurrency: number;
  /** Without what differs from worker to worker. */
  readonly kept: JsonObject;
}

/** Throws FleetError for what is no announcement of the model that its routing key names. */
function readManifest(delivery: Delivery): HeardManifest {
  const { payload } = openDelivery('control', delivery);
  const parsed = manifestSchema.safeParse(payload);
  if (!parsed.success) {
    throw new ContractError('schema_invalid', 'The announcement is no manifest.');
  }
  const { instance, startedAt: _, concurrency, ...kept } = parsed.data;
  const { name, version } = parsed.data;
  if (delivery.routingKey !== routingKey.announced(name)) {
    throw new ContractError('binding_mismatch', 'The announcement names another model.');
  }
  return { name, version, instance, concurrency, kept: kept as unknown as JsonObject };
}
