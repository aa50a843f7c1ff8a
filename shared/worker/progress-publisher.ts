import type { OutgoingMessage, Transport } from '../transport/transport.ts';

/** Progress that nobody takes off our hands is worthless soon; without a bound a blocked broker would fill the memory. */
const MAX_WAITING = 1_000;

/** Publishes progress in the background: never awaited, never repeated, dropped while the broker takes nothing. */
export class ProgressPublisher {
  readonly #transport: Transport;
  #ready: OutgoingMessage[] = [];
  #waiting = 0;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  add(progress: OutgoingMessage): void {
    if (this.#transport.state !== 'connected' || this.#waiting >= MAX_WAITING) return;
    this.#waiting += 1;
    this.#ready.push(progress);
    // A microtask gathers the tokens of one network chunk, and still goes out before the reply of the same tick.
    if (this.#ready.length === 1) queueMicrotask(() => void this.#flush());
  }

  async #flush(): Promise<void> {
    const batch = this.#ready;
    this.#ready = [];
    try {
      await this.#transport.publish(batch);
    } catch {
      // Lost progress is no fault.
    } finally {
      this.#waiting -= batch.length;
    }
  }
}
