import { asError } from './faults.ts';

interface BatchOptions<Item> {
  readonly onBatch: (items: readonly Item[]) => Promise<void> | void;
  /** One batch at a time. */
  readonly serial: boolean;
  readonly onError: (error: Error) => void;
}

/**
 * Forms batches of what arrives in the same turn of the event loop: everything that the socket held. It never waits to
 * fill a batch. With `serial`, what arrives while a batch is being handled forms the next one.
 */
export class Batches<Item> {
  readonly #options: BatchOptions<Item>;
  #held: Item[] = [];
  #scheduled = false;
  #running = false;

  constructor(options: BatchOptions<Item>) {
    this.#options = options;
  }

  add(item: Item): void {
    this.#held.push(item);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(this.#handOver);
  }

  /** Takes back what was not handed over yet. */
  withdraw(): Item[] {
    return this.#held.splice(0);
  }

  readonly #handOver = (): void => {
    this.#scheduled = false;
    if (this.#held.length === 0 || (this.#options.serial && this.#running)) return;
    const batch = this.#held;
    this.#held = [];
    void this.#handle(batch);
  };

  async #handle(batch: readonly Item[]): Promise<void> {
    this.#running = true;
    try {
      await this.#options.onBatch(batch);
    } catch (error) {
      this.#options.onError(asError(error));
    }
    this.#running = false;
    if (this.#options.serial) this.#handOver();
  }
}
