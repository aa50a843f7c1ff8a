import { startPrivate } from '../../support/broker/find.ts';
import type { PrivateBroker } from '../../support/broker/running-broker.ts';
import { startPrivateServer } from '../../support/postgres/find.ts';
import type { PrivatePostgres } from '../../support/postgres/running-postgres.ts';
import { HEARTBEAT_SECONDS } from '../plan/faults.ts';
import type { StoreKind } from '../plan/options.ts';
import { fleetSlots, SUBMITTER } from '../plan/slots.ts';
import { AmqpProxy } from './amqp-proxy.ts';

/** What the fleet runs on: a broker, a way to it for each process, and a database. All of it is this process's own. */
export interface Environment {
  readonly broker: PrivateBroker;
  readonly proxies: ReadonlyMap<string, AmqpProxy>;
  readonly database: PrivatePostgres | undefined;
  /** URL of an empty database. */
  readonly databaseUrl: string | undefined;
  stop(): Promise<void>;
}

export async function startEnvironment(store: StoreKind): Promise<Environment> {
  const name = `chaos-${process.pid}-${Date.now()}`;
  const [broker, database] = await Promise.all([
    startPrivate(name),
    store === 'postgres' ? startPrivateServer(name) : undefined,
  ]);
  const databaseUrl = await database?.addDatabase('chaos');
  const names = [...fleetSlots(store).map((slot) => slot.name), SUBMITTER];
  const target = { host: '127.0.0.1', port: broker.port };
  const proxies = new Map<string, AmqpProxy>();
  for (const slot of names) proxies.set(slot, await AmqpProxy.start(target, HEARTBEAT_SECONDS));
  return {
    broker,
    proxies,
    database,
    databaseUrl,
    async stop() {
      for (const proxy of proxies.values()) await proxy.close();
      await Promise.all([broker.stop(), database?.stop()]);
    },
  };
}
