import { queue } from '../../shared/transport/topology.ts';
import type { Subscription, Transport } from '../../shared/transport/transport.ts';

/** Longest wait for replies that were there before; a queue that is never empty must not stop time for ever. */
const MAX_DRAIN_MS = 30_000;
const LOOK_EVERY_MS = 50;

/**
 * Whether a timer may be believed: only while replies can be heard. A step is not late because its reply waits in a queue
 * that this process could not read. So after the start, and after every loss of the broker, as many replies are taken first
 * as were ready when it could be read again (at most 30 s).
 */
export class Hearing {
  readonly #transport: Transport;
  readonly #now: () => number;
  #replies: Subscription | undefined;
  #state:
    | { readonly name: 'deaf' }
    | { readonly name: 'draining'; left: number; readonly endsAtMs: number }
    | { readonly name: 'hearing' } = { name: 'deaf' };
  #looking: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(transport: Transport, now: () => number) {
    this.#transport = transport;
    this.#now = now;
  }

  /** True when what is due may be decided. */
  get believable(): boolean {
    if (this.#state.name === 'draining' && this.#now() >= this.#state.endsAtMs) {
      this.#state = { name: 'hearing' };
    }
    const connected = this.#transport.state === 'connected' || this.#transport.state === 'blocked';
    return this.#state.name === 'hearing' && connected && (this.#replies?.listening ?? false);
  }

  /** Replies are consumed from now on; `ready` of them waited before. */
  begin(replies: Subscription, ready: number): void {
    this.#replies = replies;
    this.#drain(ready);
  }

  /** The subscription was lost: replies may pile up unread. */
  lost(): void {
    this.#state = { name: 'deaf' };
    this.#look();
  }

  /** A batch of replies is in the store. */
  heard(count: number): void {
    if (this.#state.name !== 'draining') return;
    this.#state.left -= count;
    if (this.#state.left <= 0) this.#state = { name: 'hearing' };
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#looking;
  }

  #drain(ready: number): void {
    this.#state =
      ready > 0
        ? { name: 'draining', left: ready, endsAtMs: this.#now() + MAX_DRAIN_MS }
        : { name: 'hearing' };
  }

  /** Waits until the queue can be read again, then counts what waits in it. */
  #look(): void {
    clearTimeout(this.#timer);
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      if (this.#replies?.listening) this.#looking = this.#count();
      else this.#look();
    }, LOOK_EVERY_MS).unref();
  }

  async #count(): Promise<void> {
    try {
      const ready = await this.#transport.readyCount(queue.replies);
      if (this.#state.name === 'deaf' && this.#replies?.listening) this.#drain(ready);
    } catch {
      this.#look();
    }
  }
}
