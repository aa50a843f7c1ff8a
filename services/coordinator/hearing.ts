import { queue } from '../../shared/transport/topology.ts';
import type { Subscription, Transport } from '../../shared/transport/transport.ts';

/** Longest wait for replies that were there before; a queue that is never empty must not stop time for ever. */
const MAX_DRAIN_MS = 30_000;
/**
 * After an outage everybody comes back at his own pace: workers dial and publish the replies that they kept, another
 * coordinator tries its commit again. All of these waits grow with the outage, up to about this together.
 */
const MAX_SETTLE_MS = 10_000;
const LOOK_EVERY_MS = 50;
const BREATHE_EVERY_MS = 1_000;
/** A process that did nothing for longer was halted, maybe with its machine: what came meanwhile is not read yet. */
const MAX_GAP_MS = 10_000;

type State =
  /** The broker or the store is away. */
  | { readonly name: 'deaf'; readonly sinceMs: number }
  /** Both are there again; the others are given time. */
  | { readonly name: 'settling' }
  /** `batches`: those that were taken before the rest was counted. */
  | { readonly name: 'draining'; left: number; batches: number; readonly endsAtMs: number }
  | { readonly name: 'hearing' };

export interface HearingOptions {
  readonly transport: Transport;
  /** Resolves when the store can be used. */
  readonly probeStore: () => Promise<unknown>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/**
 * Whether a timer may be believed: only while replies can be heard and written down. A step is not late because its reply
 * waits in a queue that this process could not read, at a worker that could not publish, or with another coordinator that
 * could not commit. So after the start, and after every outage of the broker or the store, two things come first: as long as
 * the outage was and again, at most 10 s, for all to come back; then as many replies as were ready, at most 30 s.
 */
export class Hearing {
  readonly #options: HearingOptions;
  #replies: Subscription | undefined;
  #state: State;
  /** Kept over another outage that comes in between. */
  #settledAtMs = 0;
  #awakeAtMs: number;
  /** A batch of replies is in hand. */
  #busy = false;
  #looking: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(options: HearingOptions) {
    this.#options = options;
    this.#awakeAtMs = options.now();
    this.#state = { name: 'deaf', sinceMs: this.#awakeAtMs };
  }

  /** True when what is due may be decided. */
  get believable(): boolean {
    this.#noticeGap();
    return this.#state.name === 'hearing' && this.#connected;
  }

  /** Replies are consumed from now on; `ready` of them waited before. Nobody has looked at timers for `outageMs`. */
  begin(replies: Subscription, ready: number, outageMs: number): void {
    this.#replies = replies;
    if (outageMs > 0) this.#settle(outageMs);
    else this.#drain(ready);
    this.#lookSoon();
  }

  /** The broker or the store was lost, since then or now: replies may pile up unread. */
  lost(sinceMs: number = this.#options.now()): void {
    if (this.#state.name !== 'deaf') this.#state = { name: 'deaf', sinceMs };
    this.#lookSoon();
  }

  /** A batch of replies is in hand. */
  taken(): void {
    this.#busy = true;
  }

  /** It is in the store. */
  heard(count: number): void {
    this.#busy = false;
    if (this.#state.name !== 'draining') return;
    this.#state.left -= count;
    this.#state.batches -= 1;
    this.#endDraining(this.#state);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#looking;
  }

  get #connected(): boolean {
    const { state } = this.#options.transport;
    return (state === 'connected' || state === 'blocked') && (this.#replies?.listening ?? false);
  }

  #settle(outageMs: number): void {
    const settleMs = Math.min(2 * outageMs, MAX_SETTLE_MS);
    this.#settledAtMs = Math.max(this.#settledAtMs, this.#options.now() + settleMs);
    this.#state = { name: 'settling' };
  }

  /** What this consumer has fetched and not handled is no longer ready: the batch in hand and the one that gathers behind it. */
  #drain(ready: number): void {
    const endsAtMs = this.#options.now() + MAX_DRAIN_MS;
    this.#state = { name: 'draining', left: ready, batches: this.#busy ? 2 : 0, endsAtMs };
    this.#endDraining(this.#state);
  }

  #endDraining({ left, batches, endsAtMs }: State & { readonly name: 'draining' }): void {
    const isDrained = left <= 0 && batches <= 0;
    if (isDrained || this.#options.now() >= endsAtMs) this.#state = { name: 'hearing' };
  }

  #noticeGap(): void {
    const { now } = this.#options;
    const awakeAtMs = this.#awakeAtMs;
    this.#awakeAtMs = now();
    if (this.#awakeAtMs - awakeAtMs > MAX_GAP_MS) this.lost(awakeAtMs);
  }

  /** Looks every 50 ms until replies are heard, and then breathes. */
  #lookSoon(): void {
    clearTimeout(this.#timer);
    if (this.#stopped) return;
    const waitMs = this.#state.name === 'hearing' ? BREATHE_EVERY_MS : LOOK_EVERY_MS;
    this.#timer = setTimeout(() => {
      this.#noticeGap();
      this.#looking = this.#look()
        // What cannot be asked is asked again.
        .catch(() => {})
        .then(() => this.#lookSoon());
    }, waitMs).unref();
  }

  async #look(): Promise<void> {
    const { transport, probeStore, now } = this.#options;
    const state = this.#state;
    if (state.name === 'deaf' && this.#connected) {
      await probeStore();
      if (this.#state === state) this.#settle(now() - state.sinceMs);
    } else if (state.name === 'settling' && now() >= this.#settledAtMs) {
      const ready = await transport.readyCount(queue.replies);
      if (this.#state === state) this.#drain(ready);
    } else if (state.name === 'draining') {
      if (!this.#busy) state.batches = 0;
      this.#endDraining(state);
    }
  }
}
