import { expect, it } from 'vitest';
import type { Verdict } from '../../chaos/check/check.ts';
import { summarize, type Work } from '../../chaos/check/summary.ts';
import { readOptions, TAIL_JOBS } from '../../chaos/plan/options.ts';

const options = readOptions(['--jobs', '100', '--kills', '2', '--seed', '7']);
const verdict: Verdict = {
  lost: 0,
  assembledTwice: 0,
  joinedTwice: 0,
  staleAccepted: 0,
  wrongValue: 0,
  unresolved: 0,
  overLimit: 0,
  overspent: 0,
  mostInFlight: 2,
  breakerRefusals: 5,
  budgetRefusals: 4,
  duplicateModelCalls: 3,
  republished: 0,
  exposures: 12,
  accepted: 100,
  right: 100,
  faultsObserved: 2,
  problems: [],
};
const work: Work = {
  faultsPlanned: 2,
  faults: [{ fault: 'kill', at: 0, endedAt: 0, recoveredMs: 40 }],
  tailRight: TAIL_JOBS,
  surprises: [],
  durationMs: 1_000,
};

it('a run that did its work and broke nothing is a proof', () => {
  const { line, failures } = summarize(options, verdict, work);
  expect(failures).toEqual([]);
  expect(line).toMatchObject({
    jobs: 100,
    kills: 2,
    seed: 7,
    lost: 0,
    exposures: 12,
    passed: true,
  });
});

it.each([
  ['one lost job', { lost: 1 }, {}],
  ['one job with two results', { assembledTwice: 1 }, {}],
  ['one join that fired twice', { joinedTwice: 1 }, {}],
  ['one stale reply', { staleAccepted: 1 }, {}],
  ['one wrong value', { wrongValue: 1 }, {}],
  ['one open run', { unresolved: 1 }, {}],
  ['a call beyond the limit of its model', { overLimit: 1 }, {}],
  ['a run that cost more than its budget', { overspent: 1 }, {}],
  ['jobs that were not submitted', { accepted: 94 }, {}],
  ['too few right ends', { right: 89 }, {}],
  ['a kill with no job in flight', { faultsObserved: 1 }, {}],
  ['a tail that failed', {}, { tailRight: TAIL_JOBS - 1 }],
  ['a process that ended by itself', {}, { surprises: ['worker-1 ended'] }],
  [
    'a fault that nothing recovered from',
    {},
    { faults: [{ fault: 'kill', at: 0, endedAt: 0, recoveredMs: null }] },
  ],
])('a run with %s is none', (_, wrong, little) => {
  const { line, failures } = summarize(options, { ...verdict, ...wrong }, { ...work, ...little });
  expect(failures).toHaveLength(1);
  expect(line['passed']).toBe(false);
});

it.each([
  [['--jobs', '20'], /more than 20/],
  [['--kills', 'many'], /whole number/],
  [['--store', 'files'], /sqlite or postgres/],
  [['--store', 'sqlite', '--db-restarts', '1'], /no server to restart/],
])('%j is refused with a sentence', (args, sentence) => {
  expect(() => readOptions(args)).toThrow(sentence);
});
