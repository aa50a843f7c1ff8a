import type { ProcessPlan } from '../process/bench-process.ts';
import { RunningSystem } from '../running-system.ts';
import type { System } from '../system.ts';
import { newKeys } from './signing.ts';

const file = (name: string) => new URL(`./${name}.ts`, import.meta.url);

/** A coordinator process; `storeAt` is a PostgreSQL URL or the path of a SQLite file. */
export function coordinatorPlan(url: string, storeAt: string, number = 1): ProcessPlan {
  return {
    role: 'coordinator',
    file: file('coordinator'),
    args: [url, storeAt, `bench-${number}`],
  };
}

export function workerPlan(url: string, models: readonly string[]): ProcessPlan {
  return { role: 'worker', file: file('worker'), args: [url, ...models] };
}

export function clientPlan(url: string): ProcessPlan {
  return { role: 'client', file: file('client'), args: [url] };
}

/** Where a fleet keeps its runs. */
export type StoreKind = 'sqlite' | 'postgres';

/** The fleet over RabbitMQ: coordinators, a worker process and a client. */
function fleet(
  about: Pick<System, 'id' | 'name'>,
  {
    store,
    coordinators = 1,
    signed = false,
  }: { store: StoreKind; coordinators?: number; signed?: boolean },
): System {
  return {
    ...about,
    group: 'over a broker',
    async start(place, { models }) {
      const url = await place.sharedVhost();
      const lent = await (store === 'sqlite' ? place.newFile() : place.newDatabase());
      const numbers = Array.from({ length: coordinators }, (_, index) => index + 1);
      const plans = [
        clientPlan(url),
        ...numbers.map((number) => coordinatorPlan(url, lent.url, number)),
        workerPlan(url, models),
      ];
      const keys = signed ? newKeys(models) : undefined;
      const env = keys === undefined ? {} : { KEYS_DIR: keys.url };
      return RunningSystem.start(
        plans.map((plan) => ({ ...plan, env })),
        async () => {
          await lent.remove();
          await keys?.remove();
        },
      );
    },
  };
}

export const fleetOnSqlite = fleet({ id: 'sqlite', name: 'fleet, SQLite' }, { store: 'sqlite' });
export const signedOnSqlite = fleet(
  { id: 'sqlite-signed', name: 'fleet, SQLite, signed' },
  { store: 'sqlite', signed: true },
);
export const fleetOnPostgres = fleet(
  { id: 'postgres', name: 'fleet, PostgreSQL' },
  { store: 'postgres' },
);
export const twoOnPostgres = fleet(
  { id: 'postgres-2', name: 'fleet, PostgreSQL, 2 coord.' },
  { store: 'postgres', coordinators: 2 },
);
