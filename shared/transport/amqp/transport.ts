import { setTimeout as sleep } from 'node:timers/promises';
import { TransportError } from '../../errors/errors.ts';
import { type QueueSpec, queueNamed, workQueue } from '../topology.ts';
import type {
  ConsumeOptions,
  ExclusiveQueue,
  OutgoingMessage,
  PublishOutcome,
  Subscription,
  Transport,
  TransportState,
} from '../transport.ts';
import type { AmqpConnection } from './connection.ts';
import {
  declareExclusive,
  declareQueue,
  declareTopology,
  readyCount,
  verifyQueue,
  verifyTopology,
} from './declare.ts';
import { dial } from './dial.ts';
import { needsOperator } from './faults.ts';
import { type AmqpOptions, type AmqpSettings, amqpSettings } from './options.ts';
import { Publisher } from './publisher.ts';
import { checkingSenders } from './sender.ts';
import { AmqpSubscription } from './subscription.ts';
import { ConnectionSupervisor, closedError } from './supervisor.ts';

/** How long a stopping process waits for confirms, and for the broker's goodbye. */
const CLOSE_CONFIRMS_MS = 5_000;
const CLOSE_CONNECTION_MS = 2_000;

/**
 * A transport to a RabbitMQ broker, once it is connected and its topology is there. Until then it tries again and reports
 * to `onError`; it rejects when the topology is missing or differs (`topology_missing`, `topology_mismatch`), or after
 * `connectTimeoutMs` with the last reason. Throws ConfigError for a URL that is none.
 */
export async function connectAmqp(options: AmqpOptions): Promise<Transport> {
  const transport = new AmqpTransport(options, amqpSettings(options));
  try {
    await transport.begun;
  } catch (error) {
    await transport.close();
    throw error;
  }
  return transport;
}

class AmqpTransport implements Transport {
  readonly durable = true;
  readonly userId: string;
  /** Resolves when both connections stand for the first time. */
  readonly begun: Promise<void>;
  readonly #options: AmqpOptions;
  readonly #settings: AmqpSettings;
  readonly #publishing: ConnectionSupervisor;
  readonly #consuming: ConnectionSupervisor;
  readonly #publisher: Publisher;
  readonly #subscriptions = new Set<AmqpSubscription>();
  readonly #workQueues = new Map<string, QueueSpec>();
  #topology: AmqpSettings['topology'];
  readonly #begin = Promise.withResolvers<void>();
  #preparing: Promise<void> = Promise.resolve();
  #state: TransportState = 'connecting';
  #lastError: Error | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: AmqpOptions, settings: AmqpSettings) {
    this.#options = options;
    this.#settings = settings;
    this.#topology = settings.topology;
    this.userId = settings.addresses[0].username;
    this.#publishing = this.#supervisor('publish');
    this.#consuming = this.#supervisor('consume');
    this.#publisher = new Publisher({
      ...settings,
      supervisor: this.#publishing,
      userId: this.userId,
      restore: async () => {
        const connection = await this.#consuming.connected();
        await this.#prepare(connection).catch(this.#onError);
      },
      onError: this.#onError,
    });
    this.begun = this.#firstConnection();
  }

  get state(): TransportState {
    return this.#state;
  }

  publish(messages: readonly OutgoingMessage[]): Promise<PublishOutcome[]> {
    return this.#publisher.publish(messages);
  }

  async consume(queue: string, options: ConsumeOptions): Promise<Subscription> {
    const spec = this.#workQueues.get(queue) ?? queueNamed(queue);
    if (!spec) throw new TransportError('unknown_queue', `${queue} is no queue of Flotilla.`);
    return this.#subscribe(options, false, async (connection) => {
      if (this.#topology === 'declare') await declareQueue(connection, spec);
      return spec.name;
    });
  }

  async consumeExclusive(queue: ExclusiveQueue, options: ConsumeOptions): Promise<Subscription> {
    return this.#subscribe(options, true, (connection) => declareExclusive(connection, queue));
  }

  async declareWorkQueue(model: string, version: number): Promise<void> {
    const spec = workQueue(model, version);
    const make = this.#topology === 'declare' ? declareQueue : verifyQueue;
    await this.#asked((connection) => make(connection, spec));
    this.#workQueues.set(spec.name, spec);
  }

  async readyCount(queue: string): Promise<number> {
    return this.#asked((connection) => readyCount(connection, queue));
  }

  /** The broker's answer; when the connection is lost before it comes, the next connection is asked. */
  async #asked<T>(question: (connection: AmqpConnection) => Promise<T>): Promise<T> {
    for (;;) {
      const connection = await this.#consuming.connected();
      try {
        return await question(connection);
      } catch (error) {
        if (connection.open) throw error;
      }
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#publisher.close(this.#state === 'connected' ? CLOSE_CONFIRMS_MS : 0);
    const closing = [...this.#subscriptions].map((subscription) => subscription.close());
    // A broker that does not answer must not hold the process; its connection is ended below.
    await Promise.race([
      Promise.all(closing),
      sleep(CLOSE_CONNECTION_MS, undefined, { ref: false }),
    ]);
    await Promise.all([
      this.#publishing.close(CLOSE_CONNECTION_MS),
      this.#consuming.close(CLOSE_CONNECTION_MS),
    ]);
    this.#setState('closed');
  }

  async #subscribe(
    consume: ConsumeOptions,
    exclusive: boolean,
    prepare: (connection: AmqpConnection) => Promise<string>,
  ): Promise<Subscription> {
    if (this.#closing) throw closedError();
    const subscription: AmqpSubscription = new AmqpSubscription({
      supervisor: this.#consuming,
      prepare,
      exclusive,
      consume: this.#topology === 'verify' ? checkingSenders(consume) : consume,
      consumerTag: this.#settings.clientName,
      redial: this.#settings.redial,
      onError: this.#onError,
      onClose: () => this.#subscriptions.delete(subscription),
    });
    this.#subscriptions.add(subscription);
    try {
      await subscription.begun;
    } catch (error) {
      await subscription.close();
      throw error;
    }
    return subscription;
  }

  #supervisor(purpose: 'publish' | 'consume'): ConnectionSupervisor {
    const { addresses, clientName, redial, logger } = this.#settings;
    return new ConnectionSupervisor({
      purpose,
      dial: (attempt, stop) => {
        const address = addresses[attempt % addresses.length] ?? addresses[0];
        const settings = { ...this.#settings, clientName: `${clientName} (${purpose})` };
        return dial(address, settings, stop);
      },
      prepare: (connection) => this.#prepareInTurn(connection),
      redial,
      logger,
      onChange: () => this.#changed(),
      onError: this.#onError,
    });
  }

  /** Both connections come up together; the second finds the topology declared and need not race the first. */
  #prepareInTurn(connection: AmqpConnection): Promise<void> {
    const prepared = this.#preparing.then(() => this.#prepare(connection));
    this.#preparing = prepared.catch(() => {});
    return prepared;
  }

  async #prepare(connection: AmqpConnection): Promise<void> {
    const { role } = this.#settings;
    if (this.#topology === 'declare') {
      try {
        return await declareTopology(connection, this.#workQueues.values());
      } catch (error) {
        // A client of a fleet with users need not know that it is one.
        if (role !== 'client' || !isRefused(error)) throw error;
      }
    }
    await verifyTopology(connection, role, this.#workQueues.values());
    this.#topology = 'verify';
  }

  async #firstConnection(): Promise<void> {
    const { connectTimeoutMs } = this.#settings;
    const timer = Number.isFinite(connectTimeoutMs)
      ? setTimeout(() => this.#begin.reject(this.#lastError ?? timeoutError()), connectTimeoutMs)
      : undefined;
    const both = Promise.all([this.#publishing.connected(), this.#consuming.connected()]);
    try {
      await Promise.race([both, this.#begin.promise]);
    } finally {
      clearTimeout(timer);
      this.#begin.resolve();
    }
  }

  #changed(): void {
    const publishing = this.#publishing.connection;
    if (this.#closing) return;
    if (!publishing || !this.#consuming.connection) this.#setState('connecting');
    else this.#setState(publishing.blocked ? 'blocked' : 'connected');
    this.#publisher.pump();
  }

  #setState(state: TransportState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#options.onState?.(state);
  }

  readonly #onError = (error: Error): void => {
    this.#lastError = error;
    // Waiting does not make a topology right; a refused login may be a broker that still reads its users.
    if (needsOperator(error) && !isRefused(error)) {
      this.#begin.reject(error);
    }
    this.#options.onError?.(error);
  };
}

function isRefused(error: unknown): boolean {
  return error instanceof TransportError && error.code === 'broker_refused';
}

function timeoutError(): TransportError {
  return new TransportError('broker_unreachable', 'No connection to the broker in time.');
}
