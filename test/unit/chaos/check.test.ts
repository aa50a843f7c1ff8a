import { describe, expect, it } from 'vitest';
import type { HistoryRow } from '../../../services/coordinator/store/store.ts';
import { check, type Records } from '../../chaos/check/check.ts';
import type { StoredRun } from '../../chaos/check/stored-runs.ts';
import { BUDGET_MICRO_USD } from '../../chaos/models/arithmetic.ts';
import type { CallLine, LedgerLine, ResultLine } from '../../chaos/records/lines.ts';

const output = { n1: 7 };

function history(...entries: Partial<HistoryRow>[]): HistoryRow[] {
  return entries.map((entry) => ({ runId: 'r', atMs: 0, type: 'run_started', ...entry }));
}

const orderly = history(
  { type: 'run_accepted' },
  { type: 'run_started' },
  { type: 'attempt_dispatched', path: 'n1', attempt: 1 },
  { type: 'reply_accepted', path: 'n1', attempt: 1, facts: { status: 'failed' } },
  { type: 'retry_scheduled', path: 'n1', attempt: 2 },
  { type: 'attempt_dispatched', path: 'n1', attempt: 2 },
  { type: 'reply_accepted', path: 'n1', attempt: 2, facts: { status: 'succeeded' } },
  { type: 'join_fired', path: 'n2' },
  { type: 'run_finished' },
  { type: 'reply_duplicate', path: 'n1', attempt: 1 },
);

/** One job that went well, with what a test changes about it. */
function records(
  run: Partial<StoredRun> | undefined = {},
  result: Partial<ResultLine> | undefined = {},
  more: Partial<Records> = {},
): Records {
  const ledger: LedgerLine[] = [
    { job: 'j', run: 'r', number: 0, what: 'planned', at: 1 },
    { job: 'j', run: 'r', number: 0, what: 'accepted', at: 2 },
  ];
  const stored = {
    status: 'succeeded',
    code: undefined,
    history: orderly,
    microUsd: 0,
    payload: output,
  };
  const line = { job: 'j', run: 'r', status: 'succeeded', payload: output, at: 10 };
  return {
    ledger,
    results: result === undefined ? [] : [{ ...line, ...result }],
    heard: [{ run: 'r', digest: 'same' }],
    calls: [],
    faults: [],
    runs: new Map(run === undefined ? [] : [['r', { ...stored, ...run }]]),
    expected: () => ({ status: 'succeeded', output }),
    ...more,
  };
}

const without = (what: 'run' | 'result') =>
  what === 'run'
    ? { ...records(), runs: new Map<string, StoredRun>() }
    : { ...records(), results: [] };

const counts = (given: Records) => {
  const { lost, assembledTwice, joinedTwice, staleAccepted, wrongValue, unresolved } = check(given);
  return { lost, assembledTwice, joinedTwice, staleAccepted, wrongValue, unresolved };
};
const zero = {
  lost: 0,
  assembledTwice: 0,
  joinedTwice: 0,
  staleAccepted: 0,
  wrongValue: 0,
  unresolved: 0,
};

describe('the checker', () => {
  it('finds nothing wrong with a job that went well', () => {
    expect(counts(records())).toEqual(zero);
    expect(check(records())).toMatchObject({ accepted: 1, right: 1, problems: [] });
  });

  it('flags an accepted job that no store knows', () => {
    expect(counts(without('run'))).toEqual({ ...zero, lost: 1 });
  });

  it('says nothing of a job that was never accepted', () => {
    expect(check({ ...records(), ledger: [] }).accepted).toBe(0);
  });

  it('flags a run that is still open, and a result that never came', () => {
    expect(counts(records({ status: 'running' }))).toEqual({ ...zero, unresolved: 1 });
    expect(counts(without('result'))).toEqual({ ...zero, unresolved: 1 });
  });

  it('flags a wrong value, in the result or in the store, and a wrong status', () => {
    const wrong = { ...zero, wrongValue: 1 };
    expect(counts(records({}, { payload: { n1: 8 } }))).toEqual(wrong);
    expect(counts(records({ payload: { n1: 8 } }))).toEqual(wrong);
    expect(counts(records({}, { status: 'failed', code: 'made_to_end' }))).toEqual(wrong);
    expect(counts(records({ payload: undefined }))).toEqual(wrong);
  });

  it('wants the right code of a run that must fail', () => {
    const expected = () => ({ status: 'failed', code: 'made_to_end' }) as const;
    const failed = { status: 'failed', code: 'made_to_end', payload: null };
    expect(counts(records(failed, failed, { expected }))).toEqual(zero);
    const other = { ...failed, code: 'unexpected_error' };
    expect(counts(records(other, other, { expected })).wrongValue).toBe(1);
  });

  it('flags two different results of one run, but not the same one twice', () => {
    const heard = (...digests: string[]) => digests.map((digest) => ({ run: 'r', digest }));
    expect(counts(records({}, {}, { heard: heard('one', 'one') }))).toEqual(zero);
    const twice = counts(records({}, {}, { heard: heard('one', 'two') }));
    expect(twice).toEqual({ ...zero, assembledTwice: 1 });
  });

  it.each([
    ['assembledTwice', 'a second end', { type: 'run_finished' }],
    ['joinedTwice', 'a join that fires again', { type: 'join_fired', path: 'n2' }],
    [
      'joinedTwice',
      'a reply accepted again',
      { type: 'reply_accepted', path: 'n1', attempt: 2, facts: { status: 'succeeded' } },
    ],
    [
      'joinedTwice',
      'an attempt sent again as a new one',
      { type: 'attempt_dispatched', path: 'n1', attempt: 2 },
    ],
    [
      'staleAccepted',
      'a reply of an attempt that was over',
      { type: 'reply_accepted', path: 'n1', attempt: 1, facts: { status: 'failed' } },
    ],
  ] as const)('flags %s: %s', (name, _, entry) => {
    // Before the end, but for a second end.
    const place = entry.type === 'run_finished' ? orderly.length : -2;
    const planted = orderly.toSpliced(place, 0, ...history(entry));
    expect(counts(records({ history: planted }))[name]).toBe(1);
  });

  it('flags a change after the end, and lets late replies be noted', () => {
    const noted = (type: HistoryRow['type']) =>
      counts(records({ history: [...orderly, ...history({ type, path: 'n9', attempt: 1 })] }));
    expect(noted('attempt_dispatched').staleAccepted).toBe(1);
    expect(noted('value_written').staleAccepted).toBe(1);
    expect(noted('reply_late')).toEqual(zero);
  });

  it('counts calls beyond the first of an attempt', () => {
    const call: CallLine = {
      what: 'began',
      call: 'c',
      run: 'r',
      path: 'n1',
      attempt: 1,
      model: 'chaos-a',
      at: 0,
    };
    const calls = [call, call, { ...call, attempt: 2 }, call, { ...call, what: 'ended' } as const];
    expect(check(records({}, {}, { calls })).duplicateModelCalls).toBe(2);
  });

  it('flags a run that cost more than its budget', () => {
    expect(check(records({ microUsd: BUDGET_MICRO_USD })).overspent).toBe(0);
    expect(check(records({ microUsd: BUDGET_MICRO_USD + 1 })).overspent).toBe(1);
  });

  it('counts the jobs that were in flight when a fault struck', () => {
    const at = (time: number) => ({ fault: 'kill', at: time, endedAt: time, recoveredMs: 0 });
    // The job was accepted at 2 and had its result at 10.
    const verdict = check(records({}, {}, { faults: [at(1), at(2), at(9), at(10)] }));
    expect(verdict).toMatchObject({ exposures: 2, faultsObserved: 2 });
  });
});
