import { describe, expect, it } from 'vitest';
import type { Rung, StepPolicy } from '../../../shared/flow/kernel.ts';
import {
  call,
  constant,
  flowOf,
  policy,
  sequence,
  valueAt,
} from '../../support/kernel-builders.ts';
import { RunDriver } from '../../support/run-driver.ts';

const rung = (model: string): Rung => ({ model, input: valueAt('$payload') });
const HALF_A_MINUTE_MS = 30_000;

/** A run whose step has failed once; of its models only `heard` have been announced. */
function failed(
  heard: Set<string>,
  fallback: readonly Rung[],
  some: Partial<StepPolicy> = {},
): RunDriver {
  const step = call('a', { policy: policy({ fallback, ...some }) });
  const driver = new RunDriver(flowOf(sequence(step), { output: valueAt('a') }), {
    model: (name) =>
      heard.has(name) ? { versions: [1], concurrency: 1, openRequests: 0 } : undefined,
  });
  driver.accept();
  driver.failWith('a', { code: 'content_refused', retryable: false });
  return driver;
}

/** Lets time pass until something is asked, or the run ends. Answers how long that took. */
function untilItMoves(driver: RunDriver): number {
  const sinceMs = driver.nowMs;
  while (driver.run.finishedAtMs === null && driver.open.length === 0) driver.timeToDue();
  return driver.nowMs - sinceMs;
}

describe('a fallback that no worker has announced yet', () => {
  it('is waited for, and asked once it is there', () => {
    const heard = new Set(['echo']);
    const driver = failed(heard, [rung('other')]);
    expect(driver.run.status).toBe('running');
    expect(driver.history).toContainEqual(
      expect.objectContaining({
        type: 'attempt_held',
        facts: { why: 'unheard', model: 'other' },
      }),
    );
    heard.add('other');
    expect(untilItMoves(driver)).toBeLessThanOrEqual(1_000);
    expect(driver.openCalls[0]).toMatchObject({ attempt: 2, phase: { model: 'other' } });
    driver.succeed('a', { text: 'ok' });
    expect(driver.run.steps['a']).toMatchObject({
      servedBy: ['other@1'],
      degraded: [{ why: 'fallback', code: 'content_refused' }],
    });
  });

  it('is given up after half a minute, and then the step is a dead letter', () => {
    const driver = failed(new Set(['echo']), [rung('other')]);
    const waitedMs = untilItMoves(driver);
    expect(waitedMs).toBeGreaterThanOrEqual(HALF_A_MINUTE_MS);
    expect(waitedMs).toBeLessThan(HALF_A_MINUTE_MS + 5_000);
    expect(driver.run).toMatchObject({ status: 'failed', error: { code: 'model_unavailable' } });
    expect(driver.commands.filter(({ type }) => type === 'deadLetter')).toHaveLength(1);
    expect(driver.told.filter((type) => type === 'attempt_held')).toHaveLength(1);
  });

  it('is passed over for one that is there', () => {
    const driver = failed(new Set(['echo', 'third']), [rung('other'), rung('third')]);
    expect(driver.openCalls[0]).toMatchObject({ phase: { model: 'third' } });
  });

  it('is waited for with those behind it: whichever is there first is asked', () => {
    const heard = new Set(['echo']);
    const driver = failed(heard, [rung('other'), rung('third')]);
    driver.timeToDue();
    expect(driver.open).toEqual([]);
    heard.add('third');
    untilItMoves(driver);
    expect(driver.openCalls[0]).toMatchObject({ phase: { model: 'third' } });
  });

  it('is not waited for where something answers instead', () => {
    const onFailure = { value: constant({ text: 'Sorry.' }) };
    const driver = failed(new Set(['echo']), [rung('other')], { onFailure });
    expect(driver.result).toMatchObject({ status: 'succeeded', payload: { text: 'Sorry.' } });
  });

  it('is waited for no longer than the step has time', () => {
    const driver = failed(new Set(['echo']), [rung('other')], { withinMs: 5_000 });
    expect(untilItMoves(driver)).toBe(5_000);
    expect(driver.run.error).toMatchObject({ code: 'within_exceeded' });
  });
});
