import { Random } from '../../chaos/plan/random.ts';
import type { SimulatedDatabase } from '../store/database.ts';
import type { Slot } from './slot.ts';
import type { World } from './world.ts';

export interface Targets {
  readonly coordinators: readonly Slot[];
  readonly workers: readonly Slot[];
  readonly client: Slot;
  readonly database: SimulatedDatabase;
}

/** What is done to whole processes and connections until `untilMs`; then everything is healed. */
export function planFaults(world: World, targets: Targets, untilMs: number): void {
  const random = new Random(world.seed, 'nemesis');
  const faults = random.below(9);
  for (let number = 0; number < faults; number += 1) {
    const atMs = random.below(untilMs);
    world.clock.after(atMs, () => strike(world, targets), null);
  }
  world.clock.after(untilMs, () => heal(world, targets), null);
}

function strike(world: World, { coordinators, workers, client, database }: Targets): void {
  const { chance, trace } = world;
  const { random } = chance;
  const service = random.pick(random.chance(50) ? coordinators : workers);
  if (!service.process.alive) return;
  switch (random.below(9)) {
    case 0:
    case 1:
      chance.note('kill');
      trace.write(service.process.name, 'kill -9');
      service.kill();
      break;
    case 2:
      chance.note('pause');
      service.pause(chance.between(500, 60_000));
      break;
    case 3:
      chance.note('stop');
      service.stop();
      break;
    case 4: {
      const noticedAfterMs = random.chance(40) ? chance.upTo(20_000) : 0;
      const any = random.chance(20) ? client : service;
      chance.note('connection');
      any.transport.lose({ noticedAfterMs, awayMs: chance.between(20, 5_000) });
      break;
    }
    case 5:
      chance.note('cancel');
      service.transport.cancelConsumer();
      break;
    case 6:
      chance.note('block');
      service.transport.block(chance.upTo(15_000));
      break;
    case 7:
      chance.note('database');
      database.goAway(chance.upTo(20_000));
      break;
    default:
      chance.note('brokerRestart');
      trace.write('broker', 'restarts');
      for (const slot of [...coordinators, ...workers, client]) {
        slot.transport.lose({ awayMs: chance.between(500, 10_000) });
      }
  }
}

function heal(world: World, { coordinators, workers, database }: Targets): void {
  world.trace.write('world', 'healed');
  world.chance.heal();
  database.heal();
  for (const slot of [...coordinators, ...workers]) slot.resume();
}
