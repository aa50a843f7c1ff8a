import {
  type Coordinator,
  type CoordinatorOptions,
  startCoordinator,
} from '../../services/coordinator/coordinator.ts';
import { openSqliteStore } from '../../services/coordinator/store/sqlite/sqlite-store.ts';
import type { HistoryRow, Store } from '../../services/coordinator/store/store.ts';
import { type Client, connectClient } from '../../shared/client/client.ts';
import type { JsonObject } from '../../shared/envelope/json.ts';
import type { LoadedFlow } from '../../shared/flow/load.ts';
import { silentLogger } from '../../shared/telemetry/logger.ts';
import { MemoryBroker } from '../../shared/transport/memory/broker.ts';
import { connectMemory } from '../../shared/transport/memory/transport.ts';
import { exchange } from '../../shared/transport/topology.ts';
import type { Delivery, Transport } from '../../shared/transport/transport.ts';
import { type Script, type ScriptedWorker, scriptedWorker } from './scripted-worker.ts';

/** A broker, a store and what runs on them, all in the test's process. Everything opened through it is closed by it. */
export class InProcessFleet {
  readonly broker = new MemoryBroker();
  readonly history: HistoryRow[] = [];
  /** Faults that reached the transports. */
  readonly errors: Error[] = [];
  readonly store: Store;
  readonly #closers: (() => Promise<void>)[] = [];

  constructor(file = ':memory:') {
    this.store = openSqliteStore(file);
  }

  transport(userId = 'tester'): Transport {
    const transport = connectMemory(this.broker, {
      userId,
      onError: (error) => this.errors.push(error),
    });
    this.#closers.push(() => transport.close());
    return transport;
  }

  async coordinator(
    flows: readonly LoadedFlow[],
    options: Partial<CoordinatorOptions> = {},
  ): Promise<Coordinator> {
    const coordinator = await startCoordinator({
      store: this.store,
      transport: this.transport('coordinator'),
      flows,
      instance: `c${this.#closers.length}`,
      logger: silentLogger,
      onHistory: (rows) => this.history.push(...rows),
      ...options,
    });
    this.#closers.push(() => coordinator.stop());
    return coordinator;
  }

  async worker(model: string, script: Script, announced: JsonObject = {}): Promise<ScriptedWorker> {
    const worker = await scriptedWorker(this.transport(model), model, script, announced);
    this.#closers.push(() => worker.close());
    return worker;
  }

  /** Copies of whatever is published to the dead letters from now on, as it is published. */
  async deadLetters(): Promise<readonly Delivery[]> {
    const seen: Delivery[] = [];
    await this.transport('tap').consumeExclusive(
      { name: 'tap', bindings: [{ exchange: exchange.dead, routingKey: '#' }] },
      { prefetch: 100, onBatch: (deliveries) => void seen.push(...deliveries) },
    );
    return seen;
  }

  async client(userId?: string): Promise<Client> {
    const client = await connectClient({ transport: this.transport(userId) });
    this.#closers.push(() => client.close());
    return client;
  }

  async close(): Promise<void> {
    for (const close of this.#closers.reverse()) await close();
    await this.store.close();
  }
}

/** A model that adds a mark to the text, so that the result tells who was asked. */
export function marks(mark: string): Script {
  return ({ payload }) => ({ text: `${payload['text']}${mark}` });
}
