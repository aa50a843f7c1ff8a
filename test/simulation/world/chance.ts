import { Random } from '../../chaos/plan/random.ts';

/** How likely what may go wrong goes wrong, per thousand; every seed draws its own. */
export interface Odds {
  /** A message that never reaches the broker, and nobody is told. */
  readonly drop: number;
  /** A message that reaches its queues and is never confirmed. */
  readonly silence: number;
  readonly duplicate: number;
  /** A message that takes seconds: others overtake it. */
  readonly delay: number;
  /** A call of the store that fails before anything was written. */
  readonly storeFault: number;
  /** A commit whose outcome nobody learns: it is written, and the store is reported unavailable. */
  readonly unknownOutcome: number;
  /** kill -9 at one of the places where a process hands something over. */
  readonly crash: number;
}

const none: Odds = {
  drop: 0,
  silence: 0,
  duplicate: 0,
  delay: 0,
  storeFault: 0,
  unknownOutcome: 0,
  crash: 0,
};

/** All chance of the simulated world outside of the product: while the world is not healed, things go wrong. */
export class Chance {
  readonly random: Random;
  /** How often what went wrong. */
  readonly faults = new Map<string, number>();
  #odds: Odds;

  constructor(seed: number) {
    this.random = new Random(seed, 'world');
    const odds = new Random(seed, 'odds');
    // Some seeds have none of a fault and some have much of it: evenly spread faults hide each other.
    const draw = (most: number) => (odds.chance(40) ? 0 : odds.below(most + 1));
    this.#odds = {
      drop: draw(60),
      silence: draw(60),
      duplicate: draw(100),
      delay: draw(100),
      storeFault: draw(60),
      unknownOutcome: draw(40),
      crash: draw(8),
    };
  }

  /** Nothing goes wrong from now on. */
  heal(): void {
    this.#odds = none;
  }

  happens(fault: keyof Odds): boolean {
    const odds = this.#odds[fault];
    const happened = odds > 0 && this.random.below(1000) < odds;
    if (happened) this.note(fault);
    return happened;
  }

  note(fault: string): void {
    this.faults.set(fault, (this.faults.get(fault) ?? 0) + 1);
  }

  /** A time of up to `mostMs`, with fractions: what is sent at once need not arrive in that order. */
  upTo(mostMs: number): number {
    return (this.random.below(1_000_000) / 1_000_000) * mostMs;
  }

  between(leastMs: number, mostMs: number): number {
    return leastMs + this.upTo(mostMs - leastMs);
  }
}
