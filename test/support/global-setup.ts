import type { TestProject } from 'vitest/node';
import { BrokerDesk, type DeskAddress } from './broker/desk.ts';
import { PostgresDesk, type PostgresDeskAddress } from './postgres/desk.ts';

declare module 'vitest' {
  interface ProvidedContext {
    brokerDesk: DeskAddress;
    postgresDesk: PostgresDeskAddress;
  }
}

/** Opens the desks that lend the run's broker and database to test files. Neither is started before it is asked for. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const broker = new BrokerDesk();
  const postgres = new PostgresDesk();
  project.provide('brokerDesk', await broker.open());
  project.provide('postgresDesk', await postgres.open());
  return async () => {
    await Promise.all([broker.close(), postgres.close()]);
  };
}
