import { describe, expect, it } from 'vitest';
import { decide } from '../../../services/coordinator/engine/decide.ts';
import type { ModelFacts } from '../../../services/coordinator/engine/decision.ts';
import { isAttemptOpen } from '../../../services/coordinator/engine/open-calls.ts';
import type { Join } from '../../../shared/flow/kernel.ts';
import {
  branch,
  call,
  choice,
  flowOf,
  pick,
  retrying,
  scatter,
  sequence,
  set,
  valueAt,
} from '../../support/kernel-builders.ts';
import { RunDriver } from '../../support/run-driver.ts';

const announced: ModelFacts = { versions: [1], concurrency: 1, openRequests: 0 };

describe('a run whose model was never announced', () => {
  const flow = flowOf(sequence(call('a'), call('b', { model: 'ocr', version: 2 })));

  it('waits, and starts when it is announced', () => {
    const known = new Map([['echo', announced]]);
    const driver = new RunDriver(flow, { model: (name) => known.get(name) });
    driver.accept();
    expect(driver.run).toMatchObject({ status: 'pending', dueMs: driver.run.deadlineMs });
    known.set('ocr', announced);
    driver.accept();
    expect(driver.run.status).toBe('pending');
    known.set('ocr', { ...announced, versions: [1, 2] });
    driver.accept();
    expect(driver.run.status).toBe('running');
    expect(driver.told).toEqual(['run_accepted', 'run_started', 'attempt_dispatched']);
  });

  it('starts by its timer, too', () => {
    const known = new Map<string, ModelFacts>();
    const driver = new RunDriver(flowOf(sequence(call('a'))), { model: (name) => known.get(name) });
    driver.accept();
    known.set('echo', announced);
    driver.timeAt(driver.nowMs + 10);
    expect(driver.open).toEqual(['a']);
  });

  it('ends at its deadline and names the models', () => {
    const driver = new RunDriver(flow, { model: () => undefined });
    driver.accept();
    driver.timeToDue();
    expect(driver.run).toMatchObject({ status: 'failed', startedAtMs: null });
    expect(driver.run.error).toEqual({
      code: 'model_unavailable',
      message: 'No worker has ever announced echo, ocr v2.',
    });
    expect(driver.result).toMatchObject({ status: 'failed', payload: null });
  });
});

describe('the deadline of a run', () => {
  const branches = ['a', 'b'].map((id) => branch('p', id, call(`p/${id}`)));

  it('is the earlier of the one in the header and the one of its flow', () => {
    const early = new RunDriver(flowOf(sequence()), { deadlineMs: 1 });
    const late = new RunDriver(flowOf(sequence(), { deadlineMs: 5_000 }), { deadlineMs: 10 ** 15 });
    expect(early.run.deadlineMs).toBe(1);
    expect(late.run.deadlineMs).toBe(late.nowMs + 5_000);
  });

  it('ends it as timed out and names the steps that were open', () => {
    const driver = new RunDriver(flowOf(sequence(scatter('p', branches)), { deadlineMs: 5_000 }));
    driver.accept();
    driver.timeToDue();
    expect(driver.run).toMatchObject({ status: 'timed_out', closed: ['p/a#1@echo', 'p/b#1@echo'] });
    expect(driver.run.error).toMatchObject({ code: 'deadline_exceeded', step: 'p/a', attempt: 1 });
    expect(driver.run.error?.message).toContain('p/a, p/b');
    expect(driver.result).toMatchObject({ status: 'timed_out', payload: null });
  });

  it('that has passed before the start calls no model', () => {
    const driver = new RunDriver(flowOf(sequence(call('a'))), { deadlineMs: 1 });
    driver.accept();
    expect(driver.run.status).toBe('timed_out');
    expect(driver.dispatches).toEqual([]);
  });

  it('that a worker saw first ends it as timed out all the same', () => {
    const driver = new RunDriver(flowOf(sequence(call('a', { policy: retrying(3) }))));
    driver.accept();
    driver.nowMs = driver.run.deadlineMs;
    driver.failWith('a', { code: 'deadline_exceeded', retryable: false });
    expect(driver.run.status).toBe('timed_out');
  });

  it.each<[string, Join]>([
    ['needs a number', { need: 1 }],
    ['has a time of its own', { need: 'all', withinMs: 600_000 }],
  ])('that passed under a join that %s ends it as timed out, not by the join’s code', (_, join) => {
    const driver = new RunDriver(flowOf(sequence(scatter('p', branches, { join }))));
    driver.accept();
    driver.nowMs = driver.run.deadlineMs;
    const late = { code: 'deadline_exceeded', retryable: false };
    driver.failWith('p/a', late);
    expect(driver.run.status).toBe('running');
    driver.failWith('p/b', { code: 'too_long', retryable: false });
    const error = { code: 'deadline_exceeded', step: 'p' };
    expect(driver.run).toMatchObject({ status: 'timed_out', error });
    expect(driver.run.error?.message).toContain('a: deadline_exceeded, b: too_long');
  });

  it('that passed under a cascade ends it as timed out, not by the cascade’s code', () => {
    const tiers = ['small', 'large'].map((id) => call(`c/${id}`, { tolerant: true }));
    const candidates = tiers.map(({ path }) => ({ output: path }));
    const driver = new RunDriver(flowOf(sequence(...tiers, pick('c', candidates))));
    driver.accept();
    driver.nowMs = driver.run.deadlineMs;
    driver.failWith('c/small', { code: 'too_long', retryable: false });
    const error = { code: 'deadline_exceeded', step: 'c' };
    expect(driver.run).toMatchObject({ status: 'timed_out', error });
    expect(driver.dispatches).toHaveLength(1);
  });

  it('does not hide a failure of which time was no part', () => {
    const node = scatter('p', branches, { join: { need: 1 } });
    const driver = new RunDriver(flowOf(sequence(node)));
    driver.accept();
    driver.nowMs = driver.run.deadlineMs;
    for (const path of ['p/a', 'p/b']) driver.failWith(path, { retryable: false });
    expect(driver.run).toMatchObject({ status: 'failed', error: { code: 'join_impossible' } });
  });

  it('that passed while a reply was on its way calls no further model', () => {
    const driver = new RunDriver(flowOf(sequence(call('a'), call('b'))));
    driver.accept();
    driver.nowMs = driver.run.deadlineMs + 1;
    driver.succeed('a', {});
    expect(driver.run).toMatchObject({ status: 'timed_out', error: { step: 'b' } });
    expect(driver.dispatches).toHaveLength(1);
  });
});

describe('a cancelled run', () => {
  it('ends with the reason, and closes what is open', () => {
    const driver = new RunDriver(flowOf(sequence(call('a'))));
    driver.accept();
    expect(isAttemptOpen(driver.run, 'a', 1)).toBe(true);
    driver.tell({ type: 'cancelled', reason: 'Not needed any more.' });
    const error = { code: 'cancelled', message: 'Not needed any more.' };
    expect(driver.run).toMatchObject({
      status: 'cancelled',
      error,
      closed: ['a#1@echo'],
      state: null,
    });
    expect(driver.result).toMatchObject({ status: 'cancelled', payload: null });
    expect(isAttemptOpen(driver.run, 'a', 1)).toBe(false);
  });

  it('may have been pending', () => {
    const driver = new RunDriver(flowOf(sequence(call('a'))), { model: () => undefined });
    driver.accept();
    driver.tell({ type: 'cancelled', reason: 'Not needed any more.' });
    expect(driver.run).toMatchObject({ status: 'cancelled', startedAtMs: null });
  });
});

describe('values that have not been read', () => {
  it('are asked for, all of one step at once, and nothing is decided', () => {
    const context = { patches: ['$context'], nodes: [{ name: 'a', keys: ['a', 'b'] }] };
    const flow = flowOf(sequence(call('c', { input: valueAt('$payload'), context })));
    const { run } = new RunDriver(flow);
    const facts = { nowMs: 1, flow, model: () => announced, values: new Map() };
    const asked = decide(run, { type: 'jobAccepted' }, facts);
    expect(asked).toEqual({
      type: 'needsValues',
      answers: [],
      keys: ['$context', 'a', 'b', '$payload'],
    });
  });

  it('are asked for together with those that the next nodes read, up to the first that waits', () => {
    const flow = flowOf(
      sequence(
        set('x', valueAt('before/x')),
        choice([[valueAt('before/when'), set('z', valueAt('inside'))]], 'skip'),
        call('c', { input: valueAt('before/c') }),
        call('d', { input: valueAt('after') }),
      ),
    );
    const { run } = new RunDriver(flow);
    const facts = { nowMs: 1, flow, model: () => announced, values: new Map() };
    const asked = decide(run, { type: 'jobAccepted' }, facts);
    const keys = ['before/x', 'before/when', 'before/c'];
    expect(asked).toEqual({ type: 'needsValues', answers: [], keys });
  });

  it('are asked for by all branches that start, in the same round', () => {
    const branches = ['a', 'b', 'c'].map((id) =>
      branch('p', id, call(`p/${id}`, { input: valueAt(`before/${id}`) })),
    );
    const flow = flowOf(sequence(scatter('p', branches)));
    const { run } = new RunDriver(flow);
    const facts = { nowMs: 1, flow, model: () => announced, values: new Map() };
    const asked = decide(run, { type: 'jobAccepted' }, facts);
    expect(asked).toEqual({
      type: 'needsValues',
      answers: [],
      keys: ['before/a', 'before/b', 'before/c'],
    });
  });
});

describe('a run whose state does not fit its flow', () => {
  it('is a bug, and is thrown', () => {
    const driver = new RunDriver(flowOf(sequence(call('a'))));
    driver.accept();
    const facts = { nowMs: 1, flow: flowOf(sequence()), model: () => announced, values: new Map() };
    expect(() => decide(driver.run, { type: 'timerDue' }, facts)).toThrow('call is open');
  });
});
