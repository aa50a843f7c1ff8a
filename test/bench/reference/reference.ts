import { RunningSystem } from '../running-system.ts';
import type { System } from '../system.ts';

const file = (name: string) => new URL(`./${name}.ts`, import.meta.url);

/** The same messages in bare amqplib: a coordinator, a worker and a client process. */
export const reference: System = {
  id: 'reference',
  name: 'reference (bare amqplib)',
  group: 'over a broker',
  reference: true,
  async start(place, { name }) {
    const args = [await place.sharedVhost(), name];
    return RunningSystem.start([
      { role: 'client', file: file('client'), args },
      { role: 'coordinator', file: file('coordinator'), args },
      { role: 'worker', file: file('worker'), args },
    ]);
  },
};
