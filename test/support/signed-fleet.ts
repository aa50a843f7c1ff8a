import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Coordinator,
  type CoordinatorOptions,
  startCoordinator,
} from '../../services/coordinator/coordinator.ts';
import { openSqliteStore } from '../../services/coordinator/store/sqlite/sqlite-store.ts';
import type { Store } from '../../services/coordinator/store/store.ts';
import { type Client, connectClient } from '../../shared/client/client.ts';
import { newId } from '../../shared/envelope/ids.ts';
import { type KeyStore, keysInFolder } from '../../shared/security/key-store.ts';
import { addKeys } from '../../shared/security/new-keys.ts';
import { seal } from '../../shared/security/seal.ts';
import { securedTransport } from '../../shared/security/secured-transport.ts';
import { type Identity, identityOf, type Spoke } from '../../shared/security/spoke.ts';
import { silentLogger } from '../../shared/telemetry/logger.ts';
import { connectAmqp } from '../../shared/transport/amqp/transport.ts';
import { exchanges } from '../../shared/transport/topology.ts';
import type {
  ConsumeOptions,
  Delivery,
  OutgoingMessage,
  Subscription,
  Transport,
} from '../../shared/transport/transport.ts';
import type { AnyModel } from '../../shared/worker/model.ts';
import { startWorker, type Worker } from '../../shared/worker/worker.ts';
import type { TestBroker } from './broker.ts';
import { type Script, type ScriptedWorker, scriptedWorker } from './scripted-worker.ts';

/** A message that somebody did not believe. */
export interface Refusal {
  readonly code: string;
  readonly exchange: string;
  readonly routingKey: string;
  readonly messageId: string;
}

export const hub = identityOf('coordinator.coordinator');

/** A fleet over RabbitMQ whose parts sign, in the test's process. Everything opened through it is closed by it. */
export class SignedFleet {
  readonly store: Store = openSqliteStore(':memory:');
  /** The key files of everybody. */
  readonly folder = mkdtempSync(join(tmpdir(), 'flotilla-keys-'));
  /** What any part of it did not believe. */
  readonly refusals: Refusal[] = [];
  readonly #url: string;
  readonly #closers: (() => Promise<unknown>)[] = [];

  constructor(broker: TestBroker, spokes: readonly Spoke[]) {
    this.#url = broker.url;
    const options = { alg: 'HS256', sealsFromMs: Date.now() - 1_000 } as const;
    addKeys(this.folder, ['coordinator.coordinator', ...spokes], options);
  }

  /** It signs nothing and checks nothing: whoever has got hold of the broker. */
  async plain(): Promise<Transport> {
    const transport = await connectAmqp({ url: this.#url, logger: silentLogger });
    this.#closers.push(() => transport.close());
    return transport;
  }

  async signed(
    identity: Identity,
    options: { readonly unsignedJobs?: boolean; readonly now?: () => number } = {},
  ): Promise<Transport> {
    const secured = securedTransport(await this.plain(), {
      identity,
      keys: keysInFolder(this.folder, identity, silentLogger),
      unsignedJobs: false,
      logger: silentLogger,
      ...options,
    });
    return this.#noting(secured);
  }

  async coordinator(
    options: Pick<CoordinatorOptions, 'flows'> & Partial<CoordinatorOptions>,
  ): Promise<Coordinator> {
    const coordinator = await startCoordinator({
      store: this.store,
      transport: options.transport ?? (await this.signed(hub)),
      instance: `c${this.#closers.length}`,
      logger: silentLogger,
      ...options,
    });
    this.#closers.push(() => coordinator.stop());
    return coordinator;
  }

  async scripted(model: string, script: Script): Promise<ScriptedWorker> {
    const transport = await this.signed(identityOf(`worker.${model}`));
    const worker = await scriptedWorker(transport, model, script);
    this.#closers.push(() => worker.close());
    return worker;
  }

  async worker(model: AnyModel): Promise<Worker> {
    const transport = await this.signed(identityOf(`worker.${model.name}`));
    const instance = `w${this.#closers.length}`;
    const worker = await startWorker({ model, transport, instance, logger: silentLogger });
    this.#closers.push(() => worker.stop());
    return worker;
  }

  async client(name: string): Promise<Client> {
    const client = await connectClient({
      transport: await this.signed(identityOf(`client.${name}`)),
    });
    this.#closers.push(() => client.close());
    return client;
  }

  /** Copies of everything that is published from now on, as anybody may see it who may bind. */
  async tap(): Promise<readonly Delivery[]> {
    const transport = await this.plain();
    const seen: Delivery[] = [];
    const ready = Promise.withResolvers<Subscription>();
    const queue = {
      name: `client.tap.${newId()}`,
      bindings: exchanges.map(({ name }) => ({ exchange: name, routingKey: '#' })),
    };
    const subscription = await transport.consumeExclusive(queue, {
      prefetch: 100,
      onBatch: async (deliveries) => {
        seen.push(...deliveries);
        (await ready.promise).settle(deliveries, 'ack');
      },
    });
    ready.resolve(subscription);
    return seen;
  }

  /** A message as whoever has these keys signs it. */
  by(identity: Identity, message: OutgoingMessage, nowMs = Date.now()): OutgoingMessage {
    const keys = this.keys(identity);
    return seal(message, identity, keys.ring, nowMs);
  }

  /** The keys of a part as they are now. */
  keys(identity: Identity): KeyStore {
    const keys = keysInFolder(this.folder, identity, silentLogger);
    keys.close();
    return keys;
  }

  async close(): Promise<void> {
    for (const close of this.#closers.reverse()) await close();
    await this.store.close();
    rmSync(this.folder, { recursive: true });
  }

  /** Notes all that is refused: the log tells of the first ones of many alone. */
  #noting(secured: Transport): Transport {
    const noted = (consuming: ConsumeOptions): ConsumeOptions => ({
      ...consuming,
      onBatch: (deliveries) => {
        for (const { verdict, exchange, routingKey, messageId = '' } of deliveries) {
          if (verdict === undefined || !('refused' in verdict)) continue;
          this.refusals.push({ code: verdict.refused.code, exchange, routingKey, messageId });
        }
        return consuming.onBatch(deliveries);
      },
    });
    const consume: Transport['consume'] = (queue, consuming) =>
      secured.consume(queue, noted(consuming));
    const consumeExclusive: Transport['consumeExclusive'] = (queue, consuming) =>
      secured.consumeExclusive(queue, noted(consuming));
    return Object.assign(Object.create(secured), { consume, consumeExclusive });
  }
}
