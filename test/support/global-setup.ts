import type { TestProject } from 'vitest/node';
import { findBroker } from './broker/find.ts';
import type { RunningBroker } from './broker/running-broker.ts';
import { Desk, type DeskAddress } from './desk.ts';
import { findPostgres } from './postgres/find.ts';
import type { RunningPostgres } from './postgres/running-postgres.ts';

declare module 'vitest' {
  interface ProvidedContext {
    brokerDesk: DeskAddress;
    postgresDesk: DeskAddress;
  }
}

/** Opens the desks that lend the run's broker and database to test files. Neither is started before it is asked for. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const broker = new Desk<RunningBroker>({
    find: findBroker,
    name: (count) => `flotilla-test-${process.pid}-${count}`,
    add: (server, vhost) => server.addVhost(vhost),
    remove: (server, vhost) => server.removeVhost(vhost),
  });
  const postgres = new Desk<RunningPostgres>({
    find: findPostgres,
    name: (count) => `flotilla_test_${process.pid}_${count}`,
    add: (server, database) => server.addDatabase(database),
    remove: (server, database) => server.removeDatabase(database),
  });
  project.provide('brokerDesk', await broker.open());
  project.provide('postgresDesk', await postgres.open());
  return async () => {
    await Promise.all([broker.close(), postgres.close()]);
  };
}
