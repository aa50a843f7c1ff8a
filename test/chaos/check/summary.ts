import { type ChaosOptions, TAIL_JOBS } from '../plan/options.ts';
import type { FaultLine } from '../records/lines.ts';
import type { Verdict } from './check.ts';

/** What a run did beside its verdict. */
export interface Work {
  readonly faultsPlanned: number;
  readonly faults: readonly FaultLine[];
  /** Of the jobs submitted after everything was healed: those that ended as they must. */
  readonly tailRight: number;
  /** Processes that ended by themselves, or not in order when they were stopped. */
  readonly surprises: readonly string[];
  readonly durationMs: number;
}

/** The last line of a run. */
export interface Summary {
  readonly line: Readonly<Record<string, number | string | boolean | null>>;
  /** Why the run is no proof; empty: it is one. */
  readonly failures: readonly string[];
}

const mustBeZero = [
  'lost',
  'assembledTwice',
  'joinedTwice',
  'staleAccepted',
  'wrongValue',
  'unresolved',
  'overLimit',
  'overspent',
] as const;

const LEAST_WORK = 0.95;
const LEAST_SUCCESS = 0.9;

export function summarize(options: ChaosOptions, verdict: Verdict, work: Work): Summary {
  const { jobs, kills, brokerRestarts, dbRestarts, faults, seed, store } = options;
  const recoveries = work.faults.map((fault) => fault.recoveredMs ?? Number.POSITIVE_INFINITY);
  const slowest = Math.max(0, ...recoveries);
  const failures: string[] = [];
  const require = (holds: boolean, sentence: string) => {
    if (!holds) failures.push(sentence);
  };
  for (const name of mustBeZero) require(verdict[name] === 0, `${name} is ${verdict[name]}`);
  require(verdict.accepted >=
    LEAST_WORK * jobs, `only ${verdict.accepted} of ${jobs} jobs were submitted`);
  require(verdict.faultsObserved >=
    LEAST_WORK *
      work.faultsPlanned, `only ${verdict.faultsObserved} of ${work.faultsPlanned} faults found jobs in flight`);
  require(verdict.right >=
    LEAST_SUCCESS * jobs, `only ${verdict.right} of ${jobs} jobs ended right`);
  require(work.tailRight ===
    TAIL_JOBS, `only ${work.tailRight} of the last ${TAIL_JOBS} jobs ended right`);
  require(Number.isFinite(slowest), 'after a fault nothing went on for a minute');
  require(work.surprises.length ===
    0, `processes ended by themselves: ${work.surprises.join('; ')}`);
  const counts = Object.fromEntries(mustBeZero.map((name) => [name, verdict[name]]));
  return {
    line: {
      jobs,
      kills,
      brokerRestarts,
      dbRestarts,
      faults,
      ...counts,
      mostInFlight: verdict.mostInFlight,
      breakerRefusals: verdict.breakerRefusals,
      budgetRefusals: verdict.budgetRefusals,
      duplicateModelCalls: verdict.duplicateModelCalls,
      republished: verdict.republished,
      exposures: verdict.exposures,
      faultsObserved: verdict.faultsObserved,
      slowestRecoveryMs: Number.isFinite(slowest) ? slowest : null,
      surprises: work.surprises.length,
      seconds: Math.round(work.durationMs / 1_000),
      store,
      seed,
      passed: failures.length === 0,
    },
    failures,
  };
}
