import { canonicalJson } from '../../../shared/envelope/canonical-json.ts';
import type { JsonValue } from '../../../shared/envelope/json.ts';
import type { Expected } from '../flows/shape.ts';
import { BUDGET_MICRO_USD, inFlightLimits } from '../models/arithmetic.ts';
import type { CallLine, FaultLine, HeardLine, LedgerLine, ResultLine } from '../records/lines.ts';
import { checkHistory } from './history.ts';
import { inFlight } from './in-flight.ts';
import type { StoredRun } from './stored-runs.ts';

/** Everything that a run of chaos left behind. */
export interface Records {
  readonly ledger: readonly LedgerLine[];
  readonly results: readonly ResultLine[];
  readonly heard: readonly HeardLine[];
  readonly calls: readonly CallLine[];
  readonly faults: readonly FaultLine[];
  readonly runs: ReadonlyMap<string, StoredRun>;
  /** How the job of this number must end. */
  expected(number: number): Expected;
}

export interface Verdict {
  /** Accepted jobs that are in no store. */
  readonly lost: number;
  readonly assembledTwice: number;
  readonly joinedTwice: number;
  readonly staleAccepted: number;
  /** Jobs that ended otherwise than they must. */
  readonly wrongValue: number;
  /** Accepted jobs whose run is open, or whose result never reached who submitted them. */
  readonly unresolved: number;
  /** Calls that began while as many of their model as its limit allows were under way. */
  readonly overLimit: number;
  /** Runs that cost more than their budget. */
  readonly overspent: number;
  /** The most calls of the models with a limit that were under way at a time. */
  readonly mostInFlight: number;
  /** Calls that an open breaker, or a budget, kept back. */
  readonly breakerRefusals: number;
  readonly budgetRefusals: number;
  /** Calls of models beyond the first of each attempt. */
  readonly duplicateModelCalls: number;
  /** Attempts that were published again because they stayed silent. */
  readonly republished: number;
  /** Jobs in flight, added up over the instants of all faults. */
  readonly exposures: number;
  readonly accepted: number;
  /** Jobs that ended as they must. */
  readonly right: number;
  /** Faults that found jobs in flight. */
  readonly faultsObserved: number;
  /** One sentence for each violation. */
  readonly problems: readonly string[];
}

/** Compares what was promised with what happened. Reads only; the fleet is gone by now. */
export function check(records: Records): Verdict {
  const accepted = records.ledger.filter(({ what }) => what === 'accepted');
  const results = new Map(records.results.map((line) => [line.run, line]));
  const problems: string[] = [];
  const count = { lost: 0, assembledTwice: 0, joinedTwice: 0, staleAccepted: 0 };
  let wrongValue = 0;
  let unresolved = 0;
  let right = 0;
  const bodies = bodiesByRun(records.heard);
  const limited = Object.entries(inFlightLimits).map(([model, limit]) => {
    const found = inFlight(model, limit, records.calls, records.runs);
    if (found.over > 0) problems.push(`${model}: ${found.most} calls at a time, not ${limit}`);
    return found;
  });
  let overspent = 0;
  for (const { job, run: id, number } of accepted) {
    const say = (sentence: string) => problems.push(`${job} (${id}): ${sentence}`);
    const run = records.runs.get(id);
    if (!run) {
      count.lost += 1;
      say('lost: no coordinator knows it');
      continue;
    }
    const faults = checkHistory(run.history);
    const assembled = [...faults.assembledTwice];
    if ((bodies.get(id)?.size ?? 0) > 1) assembled.push('two different results were published');
    for (const [name, sentences] of [
      ['assembledTwice', assembled],
      ['joinedTwice', faults.joinedTwice],
      ['staleAccepted', faults.staleAccepted],
    ] as const) {
      if (sentences.length > 0) count[name] += 1;
      for (const sentence of sentences) say(`${name}: ${sentence}`);
    }
    if (run.microUsd > BUDGET_MICRO_USD) {
      overspent += 1;
      say(`overspent: it cost ${run.microUsd} of ${BUDGET_MICRO_USD}`);
    }
    const result = results.get(id);
    if (isOpen(run) || !result) {
      unresolved += 1;
      say(isOpen(run) ? `unresolved: still ${run.status}` : 'unresolved: its result never came');
      continue;
    }
    const expected = records.expected(number);
    const wrong = [result, run].find((outcome) => !matches(outcome, expected));
    if (wrong === undefined) right += 1;
    else {
      wrongValue += 1;
      say(`wrong: ${textOf(wrong)}, must be ${canonicalJson(expected as unknown as JsonValue)}`);
    }
  }
  const entries = [...records.runs.values()].flatMap(({ history }) => history);
  const exposures = records.faults.map((fault) => inFlightAt(fault.at, accepted, results));
  return {
    ...count,
    wrongValue,
    unresolved,
    overLimit: limited.reduce((sum, { over }) => sum + over, 0),
    overspent,
    mostInFlight: Math.max(0, ...limited.map(({ most }) => most)),
    breakerRefusals: entries.filter(({ code }) => code === 'breaker_open').length,
    budgetRefusals: entries.filter(({ type }) => type === 'budget_exceeded').length,
    duplicateModelCalls: duplicates(records.calls),
    republished: entries.filter(({ type }) => type === 'attempt_republished').length,
    exposures: exposures.reduce((sum, jobs) => sum + jobs, 0),
    accepted: accepted.length,
    right,
    faultsObserved: exposures.filter((jobs) => jobs > 0).length,
    problems,
  };
}

interface Outcome {
  readonly status: string;
  readonly payload: JsonValue | undefined;
  readonly code?: string | undefined;
}

function matches({ status, payload, code }: Outcome, expected: Expected): boolean {
  if (status !== expected.status || payload === undefined) return false;
  return expected.status === 'failed'
    ? code === expected.code
    : canonicalJson(payload) === canonicalJson(expected.output as JsonValue);
}

function textOf({ status, payload, code }: Outcome): string {
  return `${status} ${code ?? ''} ${payload === undefined ? 'without a payload' : canonicalJson(payload)}`;
}

function isOpen({ status }: StoredRun): boolean {
  return status === 'pending' || status === 'running';
}

function bodiesByRun(heard: readonly HeardLine[]): ReadonlyMap<string, ReadonlySet<string>> {
  const bodies = new Map<string, Set<string>>();
  for (const { run, digest } of heard) bodies.set(run, (bodies.get(run) ?? new Set()).add(digest));
  return bodies;
}

function inFlightAt(
  at: number,
  accepted: readonly LedgerLine[],
  results: ReadonlyMap<string, ResultLine>,
): number {
  return accepted.filter((line) => {
    const result = results.get(line.run);
    return line.at <= at && (result === undefined || result.at > at);
  }).length;
}

function duplicates(calls: readonly CallLine[]): number {
  const began = calls.filter(({ what }) => what === 'began');
  const attempts = new Set(began.map(({ run, path, attempt }) => `${run} ${path} ${attempt}`));
  return began.length - attempts.size;
}
