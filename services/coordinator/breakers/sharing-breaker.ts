import type { BreakerPolicy } from '../../../shared/flow/kernel.ts';
import { Breaker, type Word } from './breaker.ts';
import { mergedBreaker, policyKeyOf, type SharedBreaker } from './breaker-document.ts';

/** Who probes is heard that often. */
const SIGN_OF_LIFE_MS = 3_000;
/** Answers handed over at a time; what is left out is sent as a probe once more. */
const MOST_WORDS = 500;

/** What a breaker adds to the shared document. */
export interface Contribution {
  readonly key: string;
  readonly words: ReadonlyMap<string, Word>;
  merge(before: SharedBreaker | undefined, nowMs: number): SharedBreaker;
}

/** A breaker and what other coordinators have to be told of it. */
export class SharingBreaker {
  readonly breaker: Breaker;
  readonly #key: string;
  readonly #instance: string;
  /** The latest round that is in the document. */
  #writtenRound = 0;
  #windowChanged = false;
  #othersAreUnwell = false;
  /** Answers to probes of another. */
  #words = new Map<string, Word>();
  #writing = false;

  constructor(policy: BreakerPolicy, instance: string) {
    this.breaker = new Breaker(policy, instance);
    this.#key = policyKeyOf(policy);
    this.#instance = instance;
  }

  /** Answers whether the state has changed. */
  hear(attempt: string, word: Word | { readonly name: 'left' }, nowMs: number): boolean {
    const { breaker } = this;
    if (word.name === 'left') {
      breaker.left(attempt);
      return false;
    }
    const { round, name } = breaker.state;
    breaker.heard(attempt, word, nowMs);
    if (name === 'closed') this.#windowChanged = true;
    if (name === 'half_open' && !breaker.probing && this.#words.size < MOST_WORDS) {
      this.#words.set(attempt, word);
    }
    return breaker.state.round !== round;
  }

  /** Takes over what the document says. */
  read(shared: SharedBreaker | undefined, nowMs: number): void {
    if (shared === undefined) return;
    const { breaker } = this;
    const { state, windows, words } = shared;
    this.#writtenRound = Math.max(this.#writtenRound, state.round);
    const { round } = breaker.state;
    breaker.adopt(state);
    if (breaker.state.round !== round) this.#forget();
    if (breaker.state.round !== state.round) return;
    if (breaker.probing) {
      for (const [attempt, word] of Object.entries(words)) breaker.heard(attempt, word, nowMs);
    } else if (breaker.state.name === 'closed') {
      const { [this.#instance]: _, ...others } = windows;
      const fresh = Object.values(others).filter(
        ({ atMs }) => nowMs - atMs < breaker.policy.windowMs,
      );
      breaker.setOthers(fresh.map(({ buckets }) => buckets));
      this.#othersAreUnwell = fresh.length > 0;
      breaker.review(nowMs);
    }
  }

  /** Whether there is something to write. Windows are shared as long as anything in them is not well. */
  hasNews(nowMs: number): boolean {
    const { state, probing } = this.breaker;
    if (state.round > this.#writtenRound || this.#words.size > 0) return true;
    if (state.name === 'half_open') return probing && nowMs - state.heardMs >= SIGN_OF_LIFE_MS;
    if (state.name === 'open' || !this.#windowChanged) return false;
    const { failed, slow } = this.breaker.tally(nowMs);
    return failed + slow > 0 || this.#othersAreUnwell;
  }

  /** False: another write is on its way. */
  beginWrite(): boolean {
    if (this.#writing) return false;
    this.#writing = true;
    return true;
  }

  endWrite(): void {
    this.#writing = false;
  }

  /** What it has to say now; where it `claims` and may, that it sends the probes. */
  contribution(nowMs: number, claims: boolean): Contribution {
    const { breaker } = this;
    const { policy } = breaker;
    breaker.sign(nowMs);
    const state = claims && breaker.claimable(nowMs) ? breaker.claimed(nowMs) : breaker.state;
    const windows =
      state.name === 'closed'
        ? { [this.#instance]: { atMs: nowMs, buckets: breaker.buckets(nowMs) } }
        : {};
    const words = new Map(this.#words);
    const said = { policy, state, windows, words: Object.fromEntries(words) };
    this.#windowChanged = false;
    return {
      key: this.#key,
      words,
      merge: (before, atMs) => mergedBreaker(before, said, atMs),
    };
  }

  /** It is in the document, which says this now. */
  written({ words }: Contribution, shared: SharedBreaker | undefined, nowMs: number): void {
    for (const attempt of words.keys()) this.#words.delete(attempt);
    this.read(shared, nowMs);
  }

  #forget(): void {
    this.#words.clear();
    this.#windowChanged = false;
    this.#othersAreUnwell = false;
  }
}
