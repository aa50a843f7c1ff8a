import { describe, expect, it } from 'vitest';
import { continueRun } from '../../../services/coordinator/engine/continue-run.ts';
import type { Run } from '../../../services/coordinator/engine/run.ts';
import type { Kernel } from '../../../shared/flow/kernel.ts';
import {
  branch,
  call,
  constant,
  flowOf,
  map,
  reading,
  scatter,
  sequence,
  valueAt,
} from '../../support/kernel-builders.ts';
import { RunDriver } from '../../support/run-driver.ts';

function flowWith(...items: readonly Kernel[]) {
  return flowOf(sequence(...items), { output: valueAt('c') });
}

const chain = flowWith(
  call('a', { patchKey: '$patch' }),
  call('b', { input: valueAt('a') }),
  call('c', {
    input: valueAt('b'),
    context: { patches: ['$context', '$patch'], nodes: [] },
  }),
);

/** The chain, failed at c. */
function failedRun(): RunDriver {
  const driver = new RunDriver(chain, { context: { lang: 'de' } });
  driver.accept();
  driver.succeed('a', { n: 1 }, { patch: { tone: 'kind' } });
  driver.succeed('b', { n: 2 });
  driver.failWith('c', { retryable: false });
  expect(driver.run.status).toBe('failed');
  return driver;
}

function continued(
  origin: RunDriver,
  some: Partial<Parameters<typeof continueRun>[0]> = {},
): RunDriver & { readonly reused: readonly string[] } {
  const made = continueRun({
    origin: origin.run,
    values: origin.values,
    flow: origin.flow,
    kind: 'resume',
    from: null,
    runId: '5b1a2a5e-6b8f-5b7e-9a53-0d6c9a1f3c11',
    nowMs: origin.nowMs + 1_000,
    ...some,
  });
  const driver = new RunDriver(some.flow ?? origin.flow, { made });
  driver.nowMs = made.run.acceptedAtMs;
  driver.accept();
  return Object.assign(driver, { reused: made.reused });
}

describe('a run that is resumed', () => {
  it('re-runs no finished step (BullMQ #2336)', () => {
    const driver = continued(failedRun());
    expect(driver.dispatches).toMatchObject([
      { path: 'c', attempt: 1, input: { n: 2 }, context: { lang: 'de', tone: 'kind' } },
    ]);
    expect(driver.reused).toEqual(['a', 'b']);
    driver.succeed('c', { n: 3 });
    expect(driver.result).toMatchObject({ status: 'succeeded', payload: { n: 3 } });
    expect(driver.told.filter((type) => type === 'step_reused')).toHaveLength(2);
    expect(driver.run.usage.calls).toBe(1);
  });

  it('has the time its job had, and belongs to the same job', () => {
    const origin = failedRun();
    const { run } = continued(origin);
    expect(run.deadlineMs - run.acceptedAtMs).toBe(origin.run.deadlineMs - origin.run.acceptedAtMs);
    expect([run.jobId, run.client]).toEqual([origin.run.jobId, origin.run.client]);
    expect(run.continues).toEqual({ run: origin.run.id, kind: 'resume', from: null });
  });

  it('cannot be while its origin is open, nor when that has succeeded', () => {
    const open = new RunDriver(chain);
    open.accept();
    expect(() => continued(open)).toThrow(expect.objectContaining({ code: 'run_open' }));
    const done = continued(failedRun());
    done.succeed('c', {});
    expect(() => continued(done)).toThrow(expect.objectContaining({ code: 'nothing_to_resume' }));
  });
});

describe('a run that is made again from a step', () => {
  it('makes that step and those behind it again, with what they are asked now', () => {
    const driver = continued(failedRun(), { kind: 'rerun', from: 'b', input: { n: 7 } });
    expect(driver.dispatches).toMatchObject([{ path: 'b', input: { n: 7 } }]);
    driver.succeed('b', { n: 8 });
    expect(driver.dispatches[1]).toMatchObject({ path: 'c', input: { n: 8 } });
  });

  it('may follow another version of its flow', () => {
    const flow = { ...chain, version: 2, digest: 'other' };
    const { run } = continued(failedRun(), { kind: 'fork', from: 'b', flow });
    expect(run).toMatchObject({ flowVersion: 2, flowDigest: 'other' });
  });

  it('names the steps there are when it is asked for another', () => {
    expect(() => continued(failedRun(), { kind: 'rerun', from: 'x' })).toThrow(
      expect.objectContaining({
        code: 'step_unknown',
        message: expect.stringContaining('a, b, c'),
      }),
    );
  });

  it('leaves the branches beside it alone', () => {
    const branches = ['x', 'y'].map((id) =>
      branch('p', id, call(`p/${id}/1`), call(`p/${id}`, { input: valueAt(`p/${id}/1`) })),
    );
    const origin = new RunDriver(
      flowWith(scatter('p', branches), call('c', { input: valueAt('p') })),
    );
    origin.accept();
    for (const path of ['p/x/1', 'p/x', 'p/y/1', 'p/y', 'c']) origin.succeed(path, { path });
    const driver = continued(origin, { kind: 'rerun', from: 'p/x' });
    expect(driver.reused.toSorted()).toEqual(['p/x/1', 'p/y', 'p/y/1']);
    expect(driver.open).toEqual(['p/x']);
  });

  it('leaves the other elements of a map alone', () => {
    const list = reading({}, () => [1, 2, 3]);
    const body = [call('m/#/one', { input: constant({}) })];
    const origin = new RunDriver(flowWith(map('m', list, { output: 'one', body }), call('c')));
    origin.accept();
    for (const path of ['m/0/one', 'm/1/one', 'm/2/one', 'c']) origin.succeed(path, { path });
    const driver = continued(origin, { kind: 'rerun', from: 'm/1/one' });
    expect(driver.open).toEqual(['m/1/one']);
    driver.succeed('m/1/one', { path: 'again' });
    expect(driver.values.get('m')).toEqual([
      { path: 'm/0/one' },
      { path: 'again' },
      { path: 'm/2/one' },
    ]);
    expect(driver.open).toEqual(['c']);
  });
});

describe('the budget of a run that goes on', () => {
  const budget = { calls: 5, microUsd: 100, onExceeded: 'fail' } as const;
  const flow = flowOf(sequence(call('a')), { budget, output: valueAt('a') });

  function failedWith(more: Partial<Run>): RunDriver {
    const driver = new RunDriver(flow);
    driver.accept();
    driver.failWith('a', { retryable: false });
    driver.run = { ...driver.run, ...more };
    return driver;
  }

  it('is the one that it had, whatever it had been given since', () => {
    const given = { budget: { ...budget, calls: 9 }, askedBudget: { calls: 2 } };
    expect(continued(failedWith(given)).run.budget).toEqual(given.budget);
  });

  it('is that of another version of the flow, with what its job asked', () => {
    const other = flowOf(sequence(call('a')), {
      version: 2,
      digest: 'other',
      budget: { calls: 1, onExceeded: 'pause' },
    });
    const origin = failedWith({ askedBudget: { calls: 2, tokens: 9 } });
    const next = continued(origin, { flow: other, kind: 'fork', from: 'a' });
    expect(next.run.budget).toEqual({ calls: 1, tokens: 9, onExceeded: 'pause' });
    const free = flowOf(sequence(call('a')), { version: 3, digest: 'free' });
    const plain = continued(failedWith({}), { flow: free, kind: 'fork', from: 'a' });
    expect(plain.run).not.toHaveProperty('budget');
  });
});
