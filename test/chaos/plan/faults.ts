import type { ChaosOptions } from './options.ts';
import { Random } from './random.ts';
import { fleetSlots, type Slot, SUBMITTER } from './slots.ts';

const networkFaults = [
  'half_open',
  'one_way',
  'reset',
  'slice',
  'delay',
  'drop_confirms',
  'drop_acks',
] as const;
export type NetworkFault = (typeof networkFaults)[number];

/** One thing that is done to the fleet. Times are milliseconds. */
export type Fault =
  | { readonly kind: 'kill'; readonly slot: string }
  | { readonly kind: 'pause'; readonly slot: string; readonly lastsMs: number }
  | { readonly kind: 'broker'; readonly how: 'cleanly' | 'killed' }
  | { readonly kind: 'database' }
  | {
      readonly kind: 'network';
      readonly slot: string;
      readonly how: NetworkFault;
      readonly lastsMs: number;
    };

/** Heartbeats of all connections while there is chaos; a pause has to be longer than two of them. */
export const HEARTBEAT_SECONDS = 3;

/** What happens in a run, in order; the seed decides. */
export function planFaults(options: ChaosOptions): readonly Fault[] {
  const random = new Random(options.seed, 'faults');
  const slots = fleetSlots(options.store);
  const faults: Fault[] = [];
  for (let at = 0; at < options.kills; at += 1) {
    faults.push({ kind: 'kill', slot: victim(random, slots) });
  }
  for (let at = 0; at < options.brokerRestarts; at += 1) {
    // One of each kind in turn.
    faults.push({ kind: 'broker', how: at % 2 === 0 ? 'killed' : 'cleanly' });
  }
  for (let at = 0; at < options.dbRestarts; at += 1) faults.push({ kind: 'database' });
  for (let at = 0; at < options.faults; at += 1) faults.push(disturbance(random, slots, at));
  return random.shuffle(faults);
}

/** Coordinators are fewer than workers and matter more: they are hit in two of five. */
function victim(random: Random, slots: readonly Slot[]): string {
  const role = random.chance(40) ? 'coordinator' : 'worker';
  return random.pick(slots.filter((slot) => slot.role === role)).name;
}

/** Every kind once before any comes twice; every third is a pause. */
function disturbance(random: Random, slots: readonly Slot[], at: number): Fault {
  if (at % 3 === 0) {
    const lastsMs = HEARTBEAT_SECONDS * 2_000 + 1_000 + random.below(4_000);
    return { kind: 'pause', slot: victim(random, slots), lastsMs };
  }
  const how = networkFaults[(at - Math.ceil(at / 3)) % networkFaults.length] ?? 'reset';
  const slot = random.chance(15) ? SUBMITTER : victim(random, slots);
  return { kind: 'network', slot, how, lastsMs: 2_000 + random.below(6_000) };
}
