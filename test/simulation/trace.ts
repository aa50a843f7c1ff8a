import { createHash } from 'node:crypto';
import type { VirtualClock } from './virtual/clock.ts';

/** What happened in a run, line by line, in order; the same seed must give the same bytes. */
export class Trace {
  readonly #clock: VirtualClock;
  readonly #hash = createHash('sha256');
  /** Told of each line as it is written. */
  readonly #print: ((line: string) => void) | undefined;

  constructor(clock: VirtualClock, print?: (line: string) => void) {
    this.#clock = clock;
    this.#print = print;
  }

  write(who: string, what: string): void {
    const line = `${this.#clock.elapsedMs.toFixed(3).padStart(12)} ${who.padEnd(14)} ${what}`;
    this.#hash.update(line);
    this.#hash.update('\n');
    this.#print?.(line);
  }

  /** Of all lines; the trace cannot be written any more afterwards. */
  digest(): string {
    return this.#hash.digest('hex');
  }
}
