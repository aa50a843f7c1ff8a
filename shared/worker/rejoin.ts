import type { Held } from '../envelope/manifest.ts';
import type { Delivery } from '../transport/transport.ts';
import type { Clock } from './active-call.ts';
import { Siblings, type Standing } from './siblings.ts';

/**
 * How a worker comes back after it has lost its broker. What it and its siblings had unsettled then is delivered again, to any of
 * them, while each goes on with its calls or has their replies ready. So that no call is made twice,
 * J1 it tells the others which calls it had, tells it again while some of them run, and asks for theirs;
 * J2 it begins no other call until all that it knows of have told theirs, at most a second and twice the outage, or 10 s;
 * J3 a request whose call a sibling runs waits here, unsettled, until that sibling has answered it: then it is acked. When the
 *    sibling gives it up, or was not heard for 15 s, the request is taken.
 */

const TICK_MS = 500;
const REPEAT_MS = 5_000;
/** Time to dial: also after a short outage somebody needs a moment. */
const LEAST_WAIT_MS = 1_000;
/** Everybody dials at his own pace, and all of these waits grow with the outage up to about this. */
const MOST_WAIT_MS = 10_000;

/** The calls of this worker. */
export interface OwnCalls {
  /** Names of all that are open or remembered. */
  names(): readonly string[];
  /** Undefined: it is not here any more. */
  standingOf(call: string): Standing | undefined;
}

export interface RejoinOptions {
  readonly instance: string;
  readonly clock: Clock;
  readonly calls: OwnCalls;
  /** Tells all workers of the model, this one too. Never rejects; resolves when it is known whether it went out. */
  readonly say: (held: Held) => Promise<unknown>;
  /** Makes the call. */
  readonly take: (delivery: Delivery) => void;
  /** Settles requests that were answered by another worker. */
  readonly done: (deliveries: readonly Delivery[]) => void;
}

interface HeldBack {
  readonly call: string;
  readonly delivery: Delivery;
}

export class Rejoin {
  readonly #options: RejoinOptions;
  readonly #siblings = new Siblings();
  /** Calls that were here when the broker was lost, and how this worker stands to them. */
  #ours = new Map<string, Standing>();
  #heldBack: HeldBack[] = [];
  /** From the loss until work may begin again. `endsAtMs`: at the latest; known from the first sign of the broker on. */
  #away: { readonly sinceMs: number; endsAtMs?: number } | undefined;
  /** The own question has come back: whatever others say now is heard. */
  #hears = false;
  #asking = false;
  #owesWord = false;
  #saidAtMs = 0;
  #ticker: NodeJS.Timeout | undefined;

  constructor(options: RejoinOptions) {
    this.#options = options;
  }

  /** Makes itself known to the others, whose control messages come from now on. Holds nothing back. */
  start(): void {
    this.#ask();
    this.#tickOn();
  }

  /** What was delivered is lost. */
  lost(): void {
    const { calls, clock } = this.#options;
    this.#heldBack = [];
    this.#ours = new Map(calls.names().map((call) => [call, 'running']));
    this.#away = { sinceMs: this.#away?.sinceMs ?? clock.now() };
    this.#siblings.awaitAll();
    this.#hears = false;
    this.start();
  }

  /** Whether the request of a call that is not here has to wait; it is taken, or settled, later. */
  holdsBack(call: string, delivery: Delivery): boolean {
    this.#seesBroker();
    if (this.#away === undefined && this.#standingTo({ call, delivery }) === undefined)
      return false;
    this.#heldBack.push({ call, delivery });
    this.#tickOn();
    return true;
  }

  hear(held: Held): void {
    if (held.instance === this.#options.instance) {
      if (held.asks) this.#hears = true;
      this.#seesBroker();
    } else {
      this.#siblings.hear(held, this.#options.clock.now());
      if (held.asks) this.#owesWord = true;
      this.#tickOn();
    }
    this.#review();
  }

  /** Requests that wait here, for the way back to their queue. */
  giveBack(): readonly Delivery[] {
    const deliveries = this.#heldBack.map(({ delivery }) => delivery);
    this.#heldBack = [];
    return deliveries;
  }

  /** The last word. */
  stop(): void {
    clearInterval(this.#ticker);
    this.#ticker = undefined;
    void this.#options.say({ ...this.#word(), asks: false, running: [], leaves: true });
  }

  #tickOn(): void {
    this.#ticker ??= setInterval(() => this.#tick(), TICK_MS).unref();
  }

  #tick(): void {
    if (!this.#hears) this.#ask();
    else if (this.#hasNews()) void this.#options.say({ ...this.#word(), asks: false });
    this.#review();
    const isRunning = [...this.#ours.values()].includes('running');
    if (!this.#hears || this.#away || isRunning || this.#heldBack.length > 0) return;
    clearInterval(this.#ticker);
    this.#ticker = undefined;
  }

  /** A question at a time: one that is asked while there is no broker waits for it. */
  #ask(): void {
    if (this.#asking) return;
    this.#asking = true;
    const asked = this.#options.say({ ...this.#word(), asks: true });
    void asked.then(() => {
      this.#asking = false;
    });
  }

  #hasNews(): boolean {
    if (this.#owesWord) return true;
    let isRunning = false;
    for (const [call, standing] of this.#ours) {
      if (standing === 'answered') continue;
      if (this.#options.calls.standingOf(call) !== 'running') return true;
      isRunning = true;
    }
    return isRunning && this.#options.clock.now() - this.#saidAtMs >= REPEAT_MS;
  }

  #word(): Held {
    const { instance, calls, clock } = this.#options;
    for (const [call, standing] of this.#ours) {
      if (standing === 'answered') continue;
      const now = calls.standingOf(call);
      if (now === undefined) this.#ours.delete(call);
      else this.#ours.set(call, now);
    }
    this.#owesWord = false;
    this.#saidAtMs = clock.now();
    const named = (as: Standing) =>
      [...this.#ours].filter(([, is]) => is === as).map(([call]) => call);
    return { instance, asks: false, running: named('running'), answered: named('answered') };
  }

  #seesBroker(): void {
    const away = this.#away;
    if (away === undefined || away.endsAtMs !== undefined) return;
    const nowMs = this.#options.clock.now();
    const waitMs = Math.min(LEAST_WAIT_MS + 2 * (nowMs - away.sinceMs), MOST_WAIT_MS);
    away.endsAtMs = nowMs + waitMs;
  }

  /** Ends the waiting of what need not wait any longer. */
  #review(): void {
    if (this.#away !== undefined) {
      const { endsAtMs = Number.POSITIVE_INFINITY } = this.#away;
      const isComplete = this.#hears && this.#siblings.awaited === 0;
      if (!isComplete && this.#options.clock.now() < endsAtMs) return;
      this.#siblings.forgetAwaited();
      this.#away = undefined;
    }
    const { take, done } = this.#options;
    const answered: Delivery[] = [];
    const heldBack = this.#heldBack;
    this.#heldBack = [];
    for (const one of heldBack) {
      const standing = this.#standingTo(one);
      if (standing === 'running') this.#heldBack.push(one);
      else if (standing === 'answered') answered.push(one.delivery);
      else take(one.delivery);
    }
    if (answered.length > 0) done(answered);
  }

  #standingTo({ call, delivery }: HeldBack): Standing | undefined {
    return this.#siblings.standingTo(call, delivery.redelivered, this.#options.clock.now());
  }
}
