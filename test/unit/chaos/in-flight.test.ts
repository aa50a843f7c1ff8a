import { describe, expect, it } from 'vitest';
import type { HistoryRow } from '../../../services/coordinator/store/store.ts';
import { inFlight } from '../../chaos/check/in-flight.ts';
import type { StoredRun } from '../../chaos/check/stored-runs.ts';
import type { CallLine } from '../../chaos/records/lines.ts';

const LIMIT = 2;

/** A call of an attempt of run `r`, from when to when; one without an end was killed. */
function call(path: string, from: number, to?: number): CallLine[] {
  const about = { call: `${path} ${from}`, run: 'r', path, attempt: 1, model: 'chaos-d' };
  const began: CallLine = { ...about, what: 'began', at: from };
  return to === undefined ? [began] : [began, { ...about, what: 'ended', at: to }];
}

function count(calls: readonly CallLine[][], history: readonly Partial<HistoryRow>[] = []) {
  const rows = history.map(
    (entry): HistoryRow => ({ runId: 'r', atMs: 0, type: 'run_started', ...entry }),
  );
  const run: StoredRun = {
    status: 'succeeded',
    code: undefined,
    history: rows,
    microUsd: 0,
    payload: null,
  };
  return inFlight('chaos-d', LIMIT, calls.flat(), new Map([['r', run]]));
}

describe('calls of a model with a limit', () => {
  it('are within it when one begins as another ends', () => {
    const calls = [call('a', 0, 10), call('b', 0, 20), call('c', 10, 30), call('d', 20, 30)];
    expect(count(calls)).toEqual({ most: 2, over: 0 });
  });

  it('are beyond it when one more begins', () => {
    expect(count([call('a', 0, 10), call('b', 0, 20), call('c', 9, 30)])).toEqual({
      most: 3,
      over: 1,
    });
  });

  it('are those of one model', () => {
    const other = call('c', 1, 9).map((line) => ({ ...line, model: 'chaos-a' }));
    expect(count([call('a', 0, 10), call('b', 0, 20), other]).most).toBe(2);
  });

  it('count once for one attempt, wherever it is called, and not at all where a kill cut them short', () => {
    const calls = [call('a', 0, 10), call('b', 0, 20), call('b', 5, 15), call('c', 5)];
    expect(count(calls)).toEqual({ most: 2, over: 0 });
  });

  it('hold no place once their attempt, or their run, is over', () => {
    const calls = [call('a', 0, 900), call('b', 0, 900), call('c', 700, 900)];
    const abandoned = { type: 'attempt_abandoned', path: 'a', attempt: 1, atMs: 600 } as const;
    expect(count(calls)).toEqual({ most: 3, over: 1 });
    expect(count(calls, [abandoned])).toEqual({ most: 2, over: 0 });
    expect(count(calls, [{ type: 'run_finished', atMs: 600 }]).most).toBe(2);
    expect(count(calls, [{ ...abandoned, attempt: 2 }]).over).toBe(1);
  });
});
