import {
  type Coordinator,
  type CoordinatorOptions,
  startCoordinator,
} from '../../services/coordinator/coordinator.ts';
import { openSqliteStore } from '../../services/coordinator/store/sqlite/sqlite-store.ts';
import type { HistoryRow, Store } from '../../services/coordinator/store/store.ts';
import { type Client, connectClient } from '../../shared/client/client.ts';
import type { LoadedFlow } from '../../shared/flow/load.ts';
import { silentLogger as logger } from '../../shared/telemetry/logger.ts';
import { connectAmqp } from '../../shared/transport/amqp/transport.ts';
import type { Transport } from '../../shared/transport/transport.ts';
import type { AnyModel } from '../../shared/worker/model.ts';
import { startWorker, type Worker, type WorkerOptions } from '../../shared/worker/worker.ts';
import type { TestBroker } from './broker.ts';

/** A fleet over RabbitMQ in the test's process: real coordinator, workers and client, each with connections of its own. */
export class AmqpFleet {
  readonly history: HistoryRow[] = [];
  readonly store: Store;
  readonly #broker: TestBroker;
  readonly #closers: (() => Promise<void>)[] = [];

  constructor(broker: TestBroker, store: Store = openSqliteStore(':memory:')) {
    this.#broker = broker;
    this.store = store;
  }

  async transport(): Promise<Transport> {
    const transport = await connectAmqp({ url: this.#broker.url, logger });
    this.#closers.push(() => transport.close());
    return transport;
  }

  async coordinator(
    flows: readonly LoadedFlow[],
    options: Partial<CoordinatorOptions> = {},
  ): Promise<Coordinator> {
    const transport = await this.transport();
    const instance = `c${this.#closers.length}`;
    const onHistory = (rows: readonly HistoryRow[]) => void this.history.push(...rows);
    const { store } = this;
    const coordinator = await startCoordinator({
      store,
      transport,
      flows,
      instance,
      logger,
      onHistory,
      ...options,
    });
    this.#closers.push(() => coordinator.stop());
    return coordinator;
  }

  async worker(model: AnyModel, options: Pick<WorkerOptions, 'drainMs'> = {}): Promise<Worker> {
    const transport = await this.transport();
    const instance = `w${this.#closers.length}`;
    const worker = await startWorker({ model, transport, instance, logger, ...options });
    this.#closers.push(() => worker.stop());
    return worker;
  }

  async client(): Promise<Client> {
    const client = await connectClient({ transport: await this.transport() });
    this.#closers.push(() => client.close());
    return client;
  }

  /** Types of the history of a run, in order. */
  told(run: string): readonly HistoryRow['type'][] {
    return this.history.filter(({ runId }) => runId === run).map(({ type }) => type);
  }

  async stop(): Promise<void> {
    for (const close of this.#closers.toReversed()) await close();
    await this.store.close();
  }
}
