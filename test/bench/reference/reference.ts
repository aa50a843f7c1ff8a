import { RunningSystem } from '../running-system.ts';
import type { System } from '../system.ts';
import { declare, type Shape } from './queues.ts';

const file = (name: string) => new URL(`./${name}.ts`, import.meta.url);

function bareAmqplib(about: Pick<System, 'id' | 'name' | 'reference'>, shape: Shape): System {
  return {
    ...about,
    group: 'over a broker',
    async start(place, scenario) {
      const url = await place.sharedVhost();
      await declare(url, scenario, shape);
      const args = [url, scenario.name, shape];
      return RunningSystem.start([
        { role: 'client', file: file('client'), args },
        { role: 'coordinator', file: file('coordinator'), args },
        { role: 'worker', file: file('worker'), args },
      ]);
    },
  };
}

/** The same messages in bare amqplib: a coordinator, a worker and a client process. */
export const reference = bareAmqplib(
  { id: 'reference', name: 'reference (bare amqplib)', reference: true },
  'bare',
);
/** The same again with messages as the signed fleet's: how fast this broker takes those. */
export const shapedReference = bareAmqplib(
  { id: 'reference-shaped', name: 'bare, messages as signed' },
  'fleet',
);
