import { AsyncLocalStorage } from 'node:async_hooks';

/** A process of the simulated fleet: what it started belongs to it, stops while it is paused and is gone when it is dead. */
export class SimulatedProcess {
  readonly name: string;
  #state: 'running' | 'paused' | 'dead' = 'running';
  /** What came due while it was paused, in order. */
  #backlog: (() => void)[] = [];
  readonly #onDeath: (() => void)[] = [];
  readonly #onPause: (() => void)[] = [];

  constructor(name: string) {
    this.name = name;
  }

  get alive(): boolean {
    return this.#state !== 'dead';
  }

  get running(): boolean {
    return this.#state === 'running';
  }

  /** kill -9. */
  kill(): void {
    if (!this.alive) return;
    this.#state = 'dead';
    this.#backlog = [];
    for (const tell of this.#onDeath) tell();
  }

  /** SIGSTOP. */
  pause(): void {
    if (!this.running) return;
    this.#state = 'paused';
    for (const tell of this.#onPause) tell();
  }

  /** SIGCONT: answers what it missed, in order. */
  resume(): readonly (() => void)[] {
    if (this.#state !== 'paused') return [];
    this.#state = 'running';
    const missed = this.#backlog;
    this.#backlog = [];
    return missed;
  }

  onDeath(tell: () => void): void {
    this.#onDeath.push(tell);
  }

  onPause(tell: () => void): void {
    this.#onPause.push(tell);
  }

  /** Runs something in the name of this process: now, when it is resumed, or never. */
  run(work: () => void): void {
    if (this.running) current.run(this, work);
    else if (this.alive) this.#backlog.push(work);
  }
}

const current = new AsyncLocalStorage<SimulatedProcess>();

/** The process whose code runs now; undefined for the simulation's own. */
export function currentProcess(): SimulatedProcess | undefined {
  return current.getStore();
}
