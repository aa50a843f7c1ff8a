/** Longest time without any result before a run is given up. */
const STALL_MS = 60_000;

/** Notices that nothing goes on any more. */
export class StallWatch {
  readonly #onStall: () => void;
  readonly #now: () => number;
  #finished = -1;
  #sinceMs: number;

  constructor(onStall: () => void, now: () => number = () => performance.now()) {
    this.#onStall = onStall;
    this.#now = now;
    this.#sinceMs = now();
  }

  /** Call it from time to time with the number of results so far. */
  look(finished: number): void {
    if (finished !== this.#finished) {
      this.#finished = finished;
      this.#sinceMs = this.#now();
    } else if (this.#now() - this.#sinceMs > STALL_MS) this.#onStall();
  }
}
