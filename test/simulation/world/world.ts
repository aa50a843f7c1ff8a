import type { Trace } from '../trace.ts';
import type { VirtualClock } from '../virtual/clock.ts';
import type { SimulatedProcess } from '../virtual/process.ts';
import type { Chance } from './chance.ts';
import type { Durability } from './durability.ts';

/** What all parts of a simulated fleet stand on. */
export interface World {
  readonly seed: number;
  readonly clock: VirtualClock;
  readonly chance: Chance;
  readonly trace: Trace;
  readonly durability: Durability;
  /** What must never be, and was: one sentence each. */
  readonly violations: string[];
}

/** A place where a process hands something over: it may be its last. */
export function maybeCrash(world: World, process: SimulatedProcess, place: string): void {
  if (!process.alive || !world.chance.happens('crash')) return;
  world.trace.write(process.name, `killed ${place}`);
  process.kill();
}
