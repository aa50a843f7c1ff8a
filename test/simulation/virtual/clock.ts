import { currentProcess, type SimulatedProcess } from './process.ts';

/** Node's own, before it is replaced. */
const nextTurn = setImmediate;
const STEPS_PER_TURN = 64;

export interface Scheduled {
  readonly atMs: number;
  readonly order: number;
  readonly owner: SimulatedProcess | null;
  readonly work: () => void;
  cancelled: boolean;
}

/**
 * Time that goes on only when nothing is left to do now. What is scheduled for the same instant happens in the order in which
 * it was scheduled; between two events all promises settle. So a run is decided by its seed alone.
 */
export class VirtualClock {
  readonly #heap: Scheduled[] = [];
  readonly #startMs: number;
  #nowMs = 0;
  #order = 0;

  /** `startMs`: the wall-clock time at which virtual time begins. */
  constructor(startMs: number) {
    this.#startMs = startMs;
  }

  /** Milliseconds since the start, with fractions. */
  get elapsedMs(): number {
    return this.#nowMs;
  }

  /** Whole milliseconds since 1970. */
  get wallMs(): number {
    return Math.floor(this.#startMs + this.#nowMs);
  }

  /** Schedules work in the name of a process: the one whose code asks for it, unless said otherwise; null: in nobody's. */
  after(
    delayMs: number,
    work: () => void,
    owner: SimulatedProcess | null = currentProcess() ?? null,
  ): Scheduled {
    const scheduled: Scheduled = {
      atMs: this.#nowMs + Math.max(0, delayMs),
      order: this.#order++,
      owner,
      work,
      cancelled: false,
    };
    this.#push(scheduled);
    return scheduled;
  }

  /** Resolves in the name of a process after a time: never for one that is dead, later for one that is paused. */
  wait(delayMs: number, owner: SimulatedProcess | null): Promise<void> {
    return new Promise((resolve) => this.after(delayMs, resolve, owner));
  }

  /**
   * Lets events happen until `done` answers true, until none is left, or until the time limit. Answers whether it is done;
   * rejects with what an event throws.
   */
  run(done: () => boolean, limitMs: number): Promise<boolean> {
    const { promise, resolve, reject } = Promise.withResolvers<boolean>();
    let over = false;
    const step = () => {
      if (over) return;
      try {
        const isDone = done();
        over = isDone || !this.#happen(limitMs);
        if (over) resolve(isDone);
      } catch (error) {
        over = true;
        reject(error);
      }
    };
    // Between two immediates all promises settle. Many at a time: a turn of the event loop costs more than most events.
    const steps = () => {
      for (let count = 1; count < STEPS_PER_TURN; count += 1) nextTurn(step);
      nextTurn(() => {
        step();
        if (!over) steps();
      });
    };
    steps();
    return promise;
  }

  /** The next event; answers false when there is none before the limit. */
  #happen(limitMs: number): boolean {
    const next = this.#pop();
    if (!next || next.atMs > limitMs) return false;
    this.#nowMs = next.atMs;
    if (next.cancelled) return true;
    if (next.owner) next.owner.run(next.work);
    else next.work();
    return true;
  }

  #push(scheduled: Scheduled): void {
    const heap = this.#heap;
    let at = heap.push(scheduled) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!isBefore(scheduled, heap[above] as Scheduled)) break;
      heap[at] = heap[above] as Scheduled;
      at = above;
    }
    heap[at] = scheduled;
  }

  #pop(): Scheduled | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (!first || !last || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= heap.length) break;
      const right = below + 1;
      if (right < heap.length && isBefore(heap[right] as Scheduled, heap[below] as Scheduled)) {
        below = right;
      }
      if (!isBefore(heap[below] as Scheduled, last)) break;
      heap[at] = heap[below] as Scheduled;
      at = below;
    }
    heap[at] = last;
    return first;
  }
}

function isBefore(one: Scheduled, other: Scheduled): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);
}
