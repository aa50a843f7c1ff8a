import type { ReplayStatus } from '../../../shared/client/verbs.ts';
import type { JsonObject } from '../../../shared/envelope/json.ts';
import type { DeadLetterFilter } from '../store/store.ts';

/** The replay of a group of letters, as coordinators share it; times in ms. */
export interface ReplayPlan {
  readonly id: string;
  readonly by: string;
  readonly tenant: string;
  readonly filter: Pick<DeadLetterFilter, 'code' | 'model'>;
  readonly perMinute: number;
  readonly startedAtMs: number;
  /** Letters that matched then. */
  readonly letters: number;
  readonly replayed: number;
  readonly failed: number;
  readonly lastFailure: ReplayStatus['lastFailure'];
  /** The letter that comes next, from the newest to the oldest of that time; null: it is done. */
  readonly nextId: string | null;
  readonly nextAtMs: number;
  /** Who works on it, and until when nobody else does. */
  readonly holder: string;
  readonly heldUntilMs: number;
}

/** One document holds all plans. */
export const PLANS_KEY = 'dead-letters/replays';
/** Plans that are done are kept for whoever asks, so many. */
const DONE_KEPT = 20;
/** A replay that was held up does not make up for more than this at a time. */
const MOST_BEHIND_MS = 1_000;

export function plansIn(document: JsonObject | undefined): readonly ReplayPlan[] {
  return (document?.['plans'] ?? []) as unknown as readonly ReplayPlan[];
}

/** The document with one more plan, or with that plan changed. */
export function withPlan(document: JsonObject | undefined, plan: ReplayPlan): JsonObject {
  const others = plansIn(document).filter(({ id }) => id !== plan.id);
  const done = others.filter(({ nextId }) => nextId === null).slice(-DONE_KEPT);
  const open = others.filter(({ nextId }) => nextId !== null);
  return { plans: [...done, ...open, plan] } as unknown as JsonObject;
}

/** When the letter after one that is due now may follow. */
export function nextAtMs({ nextAtMs: dueMs, perMinute }: ReplayPlan, nowMs: number): number {
  return Math.max(dueMs, nowMs - MOST_BEHIND_MS) + 60_000 / perMinute;
}

export function aboutPlan(plan: ReplayPlan): ReplayStatus {
  const { id, letters, perMinute, by, startedAtMs, replayed, failed, lastFailure } = plan;
  const startedAt = new Date(startedAtMs).toISOString();
  const done = plan.nextId === null;
  return { replay: id, letters, perMinute, by, startedAt, replayed, failed, lastFailure, done };
}
