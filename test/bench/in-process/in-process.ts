import type { Place } from '../place.ts';
import { RunningSystem } from '../running-system.ts';
import type { Scenario } from '../scenarios.ts';
import type { System } from '../system.ts';

function start(file: string, { models }: Scenario, cleanUp?: () => Promise<void>) {
  const client = new URL('./client.ts', import.meta.url);
  return RunningSystem.start([{ role: 'client', file: client, args: [file, ...models] }], cleanUp);
}

/** The whole fleet in one process, every commit on disk. */
export const inProcessOnFile: System = {
  id: 'in-process',
  name: 'in one process, SQLite',
  group: 'in one process',
  async start(place: Place, scenario: Scenario) {
    const lent = await place.newFile();
    return start(lent.url, scenario, () => lent.remove());
  },
};

/** The whole fleet in one process, nothing on disk. */
export const inProcessInMemory: System = {
  id: 'in-process-memory',
  name: 'in one process, in memory',
  group: 'in one process',
  start: (_, scenario) => start(':memory:', scenario),
};
