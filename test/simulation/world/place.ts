import { openSqliteStore } from '../../../services/coordinator/store/sqlite/sqlite-store.ts';
import { SimulatedBroker } from '../broker/broker.ts';
import { SimulatedDatabase } from '../store/database.ts';
import { Trace } from '../trace.ts';
import { beginWorld } from '../virtual/world-clock.ts';
import { Chance } from './chance.ts';
import { Durability } from './durability.ts';
import type { World } from './world.ts';

/** Where a simulated fleet lives. */
export interface Place {
  readonly world: World;
  readonly broker: SimulatedBroker;
  readonly database: SimulatedDatabase;
}

/** Makes the place of a seed, has `play` use it, and takes it away. `print` is told every line of the trace. */
export async function inPlace<T>(
  seed: number,
  print: ((line: string) => void) | undefined,
  play: (place: Place) => Promise<T>,
): Promise<T> {
  const { clock } = beginWorld(seed);
  const trace = new Trace(clock, print);
  const chance = new Chance(seed);
  const world: World = { seed, clock, chance, trace, durability: new Durability(), violations: [] };
  const store = openSqliteStore(':memory:');
  const unhandled = (error: unknown) => {
    world.violations.push(`a rejection nobody handled: ${String(error)}`);
    if (error instanceof Error) print?.(String(error.stack));
  };
  process.on('unhandledRejection', unhandled);
  try {
    const broker = new SimulatedBroker(world);
    return await play({ world, broker, database: new SimulatedDatabase(world, store) });
  } finally {
    process.off('unhandledRejection', unhandled);
    await store.close();
  }
}
