import type { TestProject } from 'vitest/node';
import { BrokerDesk, type DeskAddress } from './broker/desk.ts';

declare module 'vitest' {
  interface ProvidedContext {
    brokerDesk: DeskAddress;
  }
}

/** Opens the desk that lends the run's broker to test files. No broker is started before one is asked for. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const desk = new BrokerDesk();
  project.provide('brokerDesk', await desk.open());
  return () => desk.close();
}
