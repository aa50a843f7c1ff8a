import type { BreakerPolicy } from '../../../shared/flow/kernel.ts';
import type { BreakerFacts } from '../engine/decision.ts';
import { type Buckets, RollingWindow, type Tally } from './rolling-window.ts';

/** Where a breaker stands, as coordinators tell each other: the higher `round` is the later word. */
export type BreakerState =
  | { readonly name: 'closed'; readonly round: number; readonly sinceMs: number }
  | { readonly name: 'open'; readonly round: number; readonly untilMs: number }
  /** `by` alone sends probes, as long as it is heard. */
  | {
      readonly name: 'half_open';
      readonly round: number;
      readonly by: string;
      readonly heardMs: number;
    };

/** What a call says of its model. unsaid: nothing, for the fault is not the model's. */
export type Word =
  | { readonly name: 'succeeded'; readonly tookMs: number }
  | { readonly name: 'failed'; readonly tookMs: number }
  | { readonly name: 'unsaid' };

/** Who probes and is not heard for so long is taken for dead. */
const SILENT_MS = 10_000;
/** While another coordinator probes. */
const LOOK_AGAIN_MS = 1_000;

/**
 * Decides whether a model may be called. Deterministic: time is told to it, and it does nothing by itself.
 * 1. closed: every call may leave. When of at least `minCalls` in the window too many failed or were slow, it opens.
 * 2. open: no call leaves before `untilMs`. After that one coordinator claims it, and it is half open.
 * 3. half open: the claimant sends at most `probes` calls. When all of them succeeded in time it closes and forgets what was;
 *    when one did not it opens again. A probe that says nothing is sent once more.
 */
export class Breaker {
  readonly policy: BreakerPolicy;
  readonly #instance: string;
  readonly #window: RollingWindow;
  /** Windows of other coordinators. */
  #others: readonly Buckets[] = [];
  #state: BreakerState = { name: 'closed', round: 0, sinceMs: 0 };
  /** Probes that left and have not failed, by attempt. */
  readonly #probes = new Map<string, 'out' | 'succeeded'>();

  constructor(policy: BreakerPolicy, instance: string) {
    this.policy = policy;
    this.#instance = instance;
    this.#window = new RollingWindow(policy.windowMs);
  }

  get state(): BreakerState {
    return this.#state;
  }

  /** This coordinator sends the probes. */
  get probing(): boolean {
    return this.#state.name === 'half_open' && this.#state.by === this.#instance;
  }

  facts(nowMs: number): BreakerFacts {
    switch (this.#state.name) {
      case 'closed':
        return { callable: Infinity, untilMs: 0 };
      case 'open':
        return { callable: 0, untilMs: this.#state.untilMs };
      case 'half_open': {
        const left = this.probing ? Math.max(0, this.policy.probes - this.#probes.size) : 0;
        return { callable: left, untilMs: nowMs + LOOK_AGAIN_MS };
      }
    }
  }

  /** Whether it is time for probes that no living coordinator sends. */
  claimable(nowMs: number): boolean {
    const state = this.#state;
    if (state.name === 'open') return nowMs >= state.untilMs;
    return state.name === 'half_open' && !this.probing && nowMs - state.heardMs >= SILENT_MS;
  }

  /** The state with which it claims them, to be adopted when nobody else was faster. */
  claimed(nowMs: number): BreakerState {
    const round = this.#state.round + 1;
    return { name: 'half_open', round, by: this.#instance, heardMs: nowMs };
  }

  /** It still probes. */
  sign(nowMs: number): void {
    if (this.#state.name === 'half_open' && this.probing) {
      this.#state = { ...this.#state, heardMs: nowMs };
    }
  }

  /** A call has left. */
  left(attempt: string): void {
    if (this.probing && !this.#probes.has(attempt)) this.#probes.set(attempt, 'out');
  }

  /** A call is over, or it is known of a probe of this coordinator that another heard the answer of. */
  heard(attempt: string, word: Word, nowMs: number): void {
    if (this.#state.name === 'closed') this.#count(word, nowMs);
    else if (this.probing && this.#probes.get(attempt) === 'out') this.#judge(attempt, word, nowMs);
  }

  /** A later word, of this coordinator or another; an earlier one changes nothing. */
  adopt(state: BreakerState): void {
    const { round } = this.#state;
    if (state.round > round) this.#become(state);
    else if (state.round === round && state.name === 'half_open' && !this.probing) {
      this.#state = state;
    }
  }

  setOthers(buckets: readonly Buckets[]): void {
    this.#others = buckets;
  }

  buckets(nowMs: number): Buckets {
    return this.#window.buckets(nowMs);
  }

  tally(nowMs: number): Tally {
    const sinceMs = this.#state.name === 'closed' ? this.#state.sinceMs : 0;
    return this.#window.sum(this.#others, nowMs, sinceMs);
  }

  /** Opens when what all coordinators have seen is too much. */
  review(nowMs: number): void {
    if (this.#state.name === 'closed' && trips(this.policy, this.tally(nowMs))) this.#open(nowMs);
  }

  #count(word: Word, nowMs: number): void {
    if (word.name === 'unsaid') return;
    const failed = word.name === 'failed';
    this.#window.add({ failed, slow: !failed && this.#isSlow(word.tookMs) }, nowMs);
    this.review(nowMs);
  }

  #judge(attempt: string, word: Word, nowMs: number): void {
    if (word.name === 'unsaid') {
      this.#probes.delete(attempt);
      return;
    }
    if (word.name === 'failed' || this.#isSlow(word.tookMs)) {
      this.#open(nowMs);
      return;
    }
    this.#probes.set(attempt, 'succeeded');
    const succeeded = [...this.#probes.values()].filter((probe) => probe === 'succeeded').length;
    if (succeeded < this.policy.probes) return;
    this.#become({ name: 'closed', round: this.#state.round + 1, sinceMs: nowMs });
  }

  #open(nowMs: number): void {
    const round = this.#state.round + 1;
    this.#become({ name: 'open', round, untilMs: nowMs + this.policy.openMs });
  }

  #become(state: BreakerState): void {
    this.#state = state;
    this.#probes.clear();
    this.#window.clear();
    this.#others = [];
  }

  #isSlow(tookMs: number): boolean {
    return this.policy.slowMs !== undefined && tookMs > this.policy.slowMs;
  }
}

function trips({ minCalls, failureRate, slowRate, slowMs }: BreakerPolicy, tally: Tally): boolean {
  const { calls, failed, slow } = tally;
  if (calls === 0 || calls < minCalls) return false;
  if (failed >= failureRate * calls) return true;
  return slowMs !== undefined && slow >= slowRate * calls;
}
