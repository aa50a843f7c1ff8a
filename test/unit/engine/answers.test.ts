import { describe, expect, it } from 'vitest';
import type { AnswerFacts } from '../../../services/coordinator/engine/decision.ts';
import type { StepPolicy } from '../../../shared/flow/kernel.ts';
import {
  call,
  constant,
  flowOf,
  policy,
  sequence,
  valueAt,
} from '../../support/kernel-builders.ts';
import { RunDriver, type RunDriverOptions } from '../../support/run-driver.ts';

const MINUTE_MS = 60_000;

/** Runs of one flow that share their answers. */
function runsOf(some: Partial<StepPolicy>) {
  const flow = flowOf(sequence(call('a', { policy: policy(some) })), { output: valueAt('a') });
  const answers = new Map<string, AnswerFacts>();
  let serial = 0;
  return (options: RunDriverOptions & { readonly afterMs?: number } = {}): RunDriver => {
    serial += 1;
    const driver = new RunDriver(flow, { jobId: `job-${serial}`, answers, ...options });
    driver.nowMs += options.afterMs ?? 0;
    driver.accept();
    return driver;
  };
}

describe('a cached step', () => {
  it('is not called again for the same input while its answer is fresh', () => {
    const start = runsOf({ cacheMs: MINUTE_MS });
    start().succeed('a', { n: 1 });
    const again = start({ afterMs: MINUTE_MS - 1 });
    expect(again.result).toMatchObject({ status: 'succeeded', payload: { n: 1 } });
    expect(again.dispatches).toEqual([]);
    expect(again.run.steps['a']).toMatchObject({ servedBy: ['cache'], usage: { calls: 0 } });
    expect(again.run.degraded).toEqual([]);
  });

  it('patches the context as its call did', () => {
    const steps = [
      call('a', { patchKey: '$patch', policy: policy({ cacheMs: MINUTE_MS }) }),
      call('b', { context: { patches: ['$patch'], nodes: [] } }),
    ];
    const flow = flowOf(sequence(...steps));
    const answers = new Map<string, AnswerFacts>();
    const first = new RunDriver(flow, { answers });
    first.accept();
    first.succeed('a', { n: 1 }, { patch: { tone: 'kind' } });
    const second = new RunDriver(flow, { answers, jobId: 'job-2' });
    second.accept();
    expect(second.dispatches).toMatchObject([{ path: 'b', context: { tone: 'kind' } }]);
  });

  it('is called again for another input, or when its answer is old', () => {
    const start = runsOf({ cacheMs: MINUTE_MS });
    start().succeed('a', { n: 1 });
    expect(start({ payload: { text: 'other' } }).open).toEqual(['a']);
    expect(start({ afterMs: MINUTE_MS }).open).toEqual(['a']);
  });

  it('is never answered with what another tenant asked', () => {
    const start = runsOf({ cacheMs: MINUTE_MS });
    start().succeed('a', { n: 1 });
    expect(start({ tenant: 'other' }).open).toEqual(['a']);
  });

  it('waits for the answer that another run is getting', () => {
    const start = runsOf({ cacheMs: MINUTE_MS });
    const first = start();
    const second = start();
    expect(second.dispatches).toEqual([]);
    second.timeToDue();
    expect(second.dispatches).toEqual([]);
    first.succeed('a', { n: 1 });
    second.timeToDue();
    expect(second.result).toMatchObject({ status: 'succeeded', payload: { n: 1 } });
  });

  it('asks itself when the other run failed, or never comes back', () => {
    const start = runsOf({ cacheMs: MINUTE_MS });
    const [failing, silent] = [start(), start({ payload: { text: 'other' } })];
    const [afterFailure, afterSilence] = [start(), start({ payload: { text: 'other' } })];
    failing.failWith('a', { retryable: false });
    afterFailure.timeToDue();
    expect(afterFailure.open).toEqual(['a']);
    expect(silent.open).toEqual(['a']);
    while (afterSilence.open.length === 0) afterSilence.timeToDue();
    expect(afterSilence.nowMs - silent.nowMs).toBe(30_000 + 30_000);
  });
});

describe('a step whose last resort is an earlier answer', () => {
  const stale = { onFailure: { staleMs: MINUTE_MS, value: constant({ n: 0 }) } };

  it('gives the last good one for the same input, with its age', () => {
    const start = runsOf(stale);
    start().succeed('a', { n: 1 });
    const later = start({ afterMs: 40_000 });
    expect(later.open).toEqual(['a']);
    later.failWith('a', { retryable: false });
    expect(later.result.payload).toEqual({ n: 1 });
    expect(later.run.steps['a']).toMatchObject({
      servedBy: ['stale'],
      degraded: [{ why: 'stale', code: 'overloaded', ageMs: 40_000 }],
    });
  });

  it('gives the default when there is none, or it is too old', () => {
    const start = runsOf(stale);
    const first = start();
    first.failWith('a', { retryable: false });
    expect(first.result.payload).toEqual({ n: 0 });
    start().succeed('a', { n: 1 });
    const late = start({ afterMs: MINUTE_MS + 1 });
    late.failWith('a', { retryable: false });
    expect(late.result.payload).toEqual({ n: 0 });
    expect(late.run.steps['a']?.servedBy).toEqual(['default']);
  });
});
