import { Random } from '../../chaos/plan/random.ts';
import { VirtualClock } from './clock.ts';

/** 2030-01-01: every seed begins at the same instant. */
const START_MS = Date.UTC(2030, 0, 1);

interface Now {
  readonly clock: VirtualClock;
  /** For what the product draws itself: jitter. */
  readonly random: Random;
  readonly ids: Random;
  /** Apart from the others: the product takes bytes in pages, and a page may have been begun in an earlier seed. */
  readonly bytes: Random;
}

let now: Now = newWorld(0);

/** Time and chance of the seed that is run now: what the replaced globals of this process stand on. */
export function worldNow(): Now {
  return now;
}

/** Begins a new seed: time starts again, and what was scheduled before never happens. */
export function beginWorld(seed: number): Now {
  now = newWorld(seed);
  return now;
}

function newWorld(seed: number): Now {
  return {
    clock: new VirtualClock(START_MS),
    random: new Random(seed, 'product'),
    ids: new Random(seed, 'ids'),
    bytes: new Random(seed, 'bytes'),
  };
}
