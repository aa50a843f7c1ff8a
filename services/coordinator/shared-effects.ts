import type { AnswerFacts, Command, RunEvent } from './engine/decision.ts';
import type { Run } from './engine/run.ts';
import type { Limits } from './limits/limits.ts';
import type { AnswerChanges, PlaceChanges } from './store/store.ts';

/** What runs share, as one transaction has left it so far. */
export interface Shared {
  /** Requests that leave with it, by model. */
  readonly leaving: Map<string, number>;
  /** Answers that were read, as it leaves them. */
  readonly answers: Map<string, AnswerFacts>;
}

/** An attempt that is over: somebody counts it, and a worker may have to be told to stop. */
export interface EndedAttempt extends Omit<Command & { readonly type: 'endAttempt' }, 'type'> {
  readonly runId: string;
}

/** What a run changes of what runs share, while it is being gathered. */
export interface SharedEffects {
  readonly answers: Filling<AnswerChanges>;
  readonly places: Filling<PlaceChanges>;
  readonly ended: EndedAttempt[];
}

type Filling<Changes> = {
  readonly [Part in keyof Changes]: Changes[Part] extends readonly (infer Row)[] ? Row[] : never;
};

export function newSharedEffects(): SharedEffects {
  return {
    answers: { released: [], kept: [], claimed: [] },
    places: { freed: [], waiting: [], used: [] },
    ended: [],
  };
}

/** Where a command comes from. */
export interface Sharing {
  readonly run: Run;
  /** The place that was handed out to one of its calls. */
  readonly granted: (RunEvent & { readonly type: 'slotGranted' }) | undefined;
  readonly limits: Limits;
  readonly shared: Shared;
  readonly nowMs: number;
}

/** Notes what a command means for other runs. */
export function share(command: Command, sharing: Sharing, effects: SharedEffects): void {
  const { run, shared, nowMs } = sharing;
  const { answers } = shared;
  const { id: runId } = run;
  switch (command.type) {
    case 'dispatch': {
      const { model, path, attempt } = command;
      shared.leaving.set(model, (shared.leaving.get(model) ?? 0) + 1);
      usePlace({ runId, path, attempt, model }, sharing, effects);
      return;
    }
    case 'hold': {
      const { path, attempt, model, estimate } = command;
      const { tenant, priority } = run;
      const tokens = estimate.inputTokens + estimate.outputTokens;
      const call = { runId, path, attempt, model, tenant, priority };
      effects.places.waiting.push({ ...call, sinceMs: nowMs, tokens });
      return;
    }
    case 'endAttempt': {
      const { type: _, ...ended } = command;
      const { path, attempt, placed } = ended;
      effects.ended.push({ runId, ...ended });
      if (placed) effects.places.freed.push({ runId, path, attempt });
      return;
    }
    case 'claimAnswer': {
      const { key, untilMs } = command;
      effects.answers.claimed.push({ key, runId, sinceMs: nowMs, untilMs });
      answers.set(key, { ...answers.get(key), comingUntilMs: untilMs });
      return;
    }
    case 'releaseAnswer': {
      const { key } = command;
      const { kept } = answers.get(key) ?? {};
      effects.answers.released.push({ key, runId });
      answers.set(key, kept === undefined ? {} : { kept });
      return;
    }
    case 'keepAnswer': {
      const { key, output, patch, keepUntilMs } = command;
      effects.answers.kept.push({ key, output: { output, patch }, atMs: nowMs, keepUntilMs });
      answers.set(key, { kept: { output, patch, atMs: nowMs } });
      return;
    }
    default:
  }
}

/** A call that waited for its place leaves: of a model with strict limits it keeps the place until it has ended. */
function usePlace(
  call: { runId: string; path: string; attempt: number; model: string },
  { granted, limits }: Sharing,
  { places }: SharedEffects,
): void {
  const { model, ...place } = call;
  if (granted?.path !== place.path || granted.attempt !== place.attempt) return;
  places[limits.keepsPlaces(model) ? 'used' : 'freed'].push(place);
}
