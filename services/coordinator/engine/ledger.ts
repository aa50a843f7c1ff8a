import type { Degradation, Usage } from '../../../shared/envelope/envelope.ts';
import type { KeyTemplate } from '../../../shared/flow/kernel.ts';
import type { Draft } from './draft.ts';
import { noUsage, plus } from './usage.ts';

/** What is written down of a step: who served it, what it used, and why its answer is not its own model's. */
export interface LedgerEntry {
  readonly servedBy?: string;
  readonly usage?: Usage | undefined;
  readonly degraded?: Degradation | undefined;
}

/** Adds to the account of a step, and its usage to that of the run. All elements of a map share one account. */
export function account(step: KeyTemplate, entry: LedgerEntry, draft: Draft): void {
  const { servedBy, usage, degraded } = entry;
  draft.usage = plus(draft.usage, usage);
  const known = draft.steps[step] ?? { servedBy: [], usage: noUsage };
  draft.steps = {
    ...draft.steps,
    [step]: {
      ...known,
      usage: plus(known.usage, usage),
      servedBy: withOnce(known.servedBy, servedBy),
      ...(degraded === undefined ? {} : { degraded: withDegradation(known.degraded, degraded) }),
    },
  };
}

function withOnce(names: string[], name: string | undefined): string[] {
  return name === undefined || names.includes(name) ? names : [...names, name];
}

/** Each reason once; the oldest of several stale answers is the one to know of. */
function withDegradation(known: readonly Degradation[] = [], one: Degradation): Degradation[] {
  const same = known.find(({ why, code }) => why === one.why && code === one.code);
  if (same === undefined) return [...known, one];
  if ((same.ageMs ?? 0) >= (one.ageMs ?? 0)) return [...known];
  return known.map((each) => (each === same ? one : each));
}
