import type { JsonObject } from '../../../shared/envelope/json.ts';
import type { BreakerPolicy } from '../../../shared/flow/kernel.ts';
import type { Store } from '../store/store.ts';
import type { BreakerState, Word } from './breaker.ts';
import type { Buckets } from './rolling-window.ts';

/** What coordinators share of one model's breakers in the document `breaker/<model>`: one part per policy. */
export type BreakerDocument = Readonly<Record<string, SharedBreaker>>;

export interface SharedBreaker {
  readonly state: BreakerState;
  /** What each coordinator has seen, while it is closed. */
  readonly windows: Readonly<Record<string, { readonly atMs: number; readonly buckets: Buckets }>>;
  /** Answers to probes that another heard than who had sent them, by attempt. */
  readonly words: Readonly<Record<string, Word>>;
}

/** What one coordinator adds. */
export interface BreakerShare extends SharedBreaker {
  readonly policy: BreakerPolicy;
}

/** Which policy: calls of one model under the same policy have one breaker. */
export function policyKeyOf(policy: BreakerPolicy): string {
  const { failureRate, slowRate, slowMs = 0, minCalls, windowMs, openMs, probes } = policy;
  return [failureRate, slowRate, slowMs, minCalls, windowMs, openMs, probes].join('/');
}

/**
 * Adds a share. The later round wins; of the same round the one that was there first, but for the sign of life of who probes.
 * Windows and words of an earlier round are dropped with it.
 */
export function mergedBreaker(
  before: SharedBreaker | undefined,
  { policy, state, windows, words }: BreakerShare,
  nowMs: number,
): SharedBreaker {
  if (before === undefined || state.round > before.state.round) return { state, windows, words };
  if (state.round < before.state.round) return before;
  const fresh = Object.entries({ ...before.windows, ...windows }).filter(
    ([, { atMs }]) => nowMs - atMs < policy.windowMs,
  );
  return {
    state: laterOf(before.state, state),
    windows: Object.fromEntries(fresh),
    words: { ...before.words, ...words },
  };
}

function laterOf(before: BreakerState, state: BreakerState): BreakerState {
  if (before.name !== 'half_open' || state.name !== 'half_open') return before;
  return before.by === state.by && state.heardMs > before.heardMs ? state : before;
}

const PREFIX = 'breaker/';

export function breakerKeyOf(model: string): string {
  return `${PREFIX}${model}`;
}

/** What coordinators have shared of breakers, by model. */
export async function readBreakers(
  store: Pick<Store, 'readDocuments'>,
): Promise<ReadonlyMap<string, BreakerDocument>> {
  const documents = await store.readDocuments(PREFIX);
  return new Map(
    [...documents].map(([key, document]) => [
      key.slice(PREFIX.length),
      breakerDocumentOf(document),
    ]),
  );
}

/** Only what is written here is read back. */
export function breakerDocumentOf(document: JsonObject | undefined): BreakerDocument {
  return (document ?? {}) as unknown as BreakerDocument;
}
