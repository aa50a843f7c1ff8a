import { describe, expect, it } from 'vitest';
import type { ModelFacts } from '../../../services/coordinator/engine/decision.ts';
import {
  branch,
  call,
  flowOf,
  policy,
  scatter,
  sequence,
  valueAt,
} from '../../support/kernel-builders.ts';
import { RunDriver } from '../../support/run-driver.ts';

const model = (room: number) => (): ModelFacts => ({
  versions: [1],
  concurrency: 1,
  openRequests: 0,
  room,
});

const four = ['a', 'b', 'c', 'd'].map((id) => branch('p', id, call(`p/${id}`)));

describe('a model that has room for some requests', () => {
  it('gets those; the others are held, and leave when they are told', () => {
    const driver = new RunDriver(flowOf(sequence(scatter('p', four))), { model: model(2) });
    driver.accept();
    expect(driver.open).toEqual(['p/a', 'p/b']);
    expect(driver.commands.filter(({ type }) => type === 'hold')).toMatchObject([
      { path: 'p/c', attempt: 1, model: 'echo', version: 1 },
      { path: 'p/d', attempt: 1, model: 'echo', version: 1 },
    ]);
    driver.tell({ type: 'slotGranted', path: 'p/d', attempt: 1 });
    expect(driver.open).toEqual(['p/a', 'p/b', 'p/d']);
  });

  it('is not asked twice when a place is granted twice', () => {
    const driver = new RunDriver(flowOf(sequence(call('a'))), { model: model(0) });
    driver.accept();
    driver.tell({ type: 'slotGranted', path: 'a', attempt: 1 });
    driver.tell({ type: 'slotGranted', path: 'a', attempt: 1 });
    expect(driver.dispatches).toHaveLength(1);
  });
});

describe('a call that was given a place', () => {
  const placedEnd = (how: string) =>
    expect.objectContaining({ type: 'endAttempt', path: 'a', how, placed: true });

  // Whoever ends it may not have heard of the model's limits (simulation seed 1441).
  it('says that it gives it back when it is answered', () => {
    const driver = new RunDriver(flowOf(sequence(call('a'))), { model: model(0) });
    driver.accept();
    driver.tell({ type: 'slotGranted', path: 'a', attempt: 1 });
    driver.succeed('a', {});
    expect(driver.commands).toContainEqual(placedEnd('answered'));
  });

  it('says so when its time is over, and when it was published again before', () => {
    const step = call('a', { policy: policy({ withinMs: 500_000, timeoutMs: 1_000 }) });
    const driver = new RunDriver(flowOf(sequence(step)), { model: model(0) });
    driver.accept();
    driver.tell({ type: 'slotGranted', path: 'a', attempt: 1 });
    while (driver.run.finishedAtMs === null) driver.timeToDue();
    expect(driver.commands.filter(({ type }) => type === 'dispatch').length).toBeGreaterThan(1);
    expect(driver.commands).toContainEqual(placedEnd('abandoned'));
  });

  it('has none to give back when there was room for it at once', () => {
    const driver = new RunDriver(flowOf(sequence(call('a'))), { model: model(1) });
    driver.accept();
    driver.succeed('a', {});
    expect(driver.commands).not.toContainEqual(placedEnd('answered'));
  });
});

describe('a held call', () => {
  it('leaves its model alone when the place comes and the breaker has opened meanwhile', () => {
    const breaker = {
      failureRate: 0.5,
      slowRate: 1,
      minCalls: 1,
      windowMs: 1_000,
      openMs: 1_000,
      probes: 1,
    };
    const rungs = [{ model: 'other', input: valueAt('$payload') }];
    const step = call('a', { policy: policy({ breaker, fallback: rungs }) });
    let callable = Infinity;
    const driver = new RunDriver(flowOf(sequence(step)), {
      model: (name) => model(name === 'echo' ? 0 : 1)(),
      breaker: (name) => ({ callable: name === 'echo' ? callable : Infinity, untilMs: 0 }),
    });
    driver.accept();
    callable = 0;
    driver.tell({ type: 'slotGranted', path: 'a', attempt: 1 });
    expect(driver.dispatches).toMatchObject([{ model: 'other' }]);
    expect(driver.commands).toContainEqual(
      expect.objectContaining({ type: 'endAttempt', model: 'echo', how: 'dropped' }),
    );
  });

  it('gives up its place when its own time is over', () => {
    const step = call('a', { policy: policy({ withinMs: 5_000 }) });
    const driver = new RunDriver(flowOf(sequence(step)), { model: model(0) });
    driver.accept();
    driver.timeToDue();
    expect(driver.run.error?.code).toBe('within_exceeded');
    expect(driver.commands).toContainEqual(
      expect.objectContaining({ type: 'endAttempt', path: 'a', how: 'dropped' }),
    );
  });

  it('gives up its place when its run is cancelled', () => {
    const driver = new RunDriver(flowOf(sequence(call('a'))), { model: model(0) });
    driver.accept();
    driver.tell({ type: 'cancelled', reason: 'Not wanted.' });
    driver.tell({ type: 'slotGranted', path: 'a', attempt: 1 });
    expect(driver.dispatches).toEqual([]);
    expect(driver.commands.filter(({ type }) => type === 'endAttempt')).toMatchObject([
      { path: 'a', attempt: 1, model: 'echo', how: 'dropped' },
    ]);
  });
});

describe('an attempt in the queue of a model that is paused', () => {
  it('is not published again, however long its silence', () => {
    let paused = true;
    const facts = () => ({ ...model(1)(), paused });
    const patient = flowOf(sequence(call('a')), { deadlineMs: 3_600_000 });
    const driver = new RunDriver(patient, { model: facts });
    driver.accept();
    for (let times = 0; times < 5; times += 1) driver.timeToDue();
    expect(driver.dispatches).toHaveLength(1);
    paused = false;
    driver.timeToDue();
    expect(driver.dispatches).toHaveLength(2);
  });
});

describe('an attempt that ends without its reply', () => {
  it('is ended at its worker: siblings of a decided join, open calls of a cancelled run', () => {
    const any = sequence(scatter('p', four, { join: { need: 1 } }), call('b'));
    const driver = new RunDriver(flowOf(any));
    driver.accept();
    driver.succeed('p/b', { n: 1 });
    driver.tell({ type: 'cancelled', reason: 'Not wanted.' });
    const ended = driver.commands.filter(({ type }) => type === 'endAttempt');
    expect(ended.map((one) => 'path' in one && [one.path, 'how' in one && one.how])).toEqual([
      ['p/b', 'answered'],
      ['p/a', 'abandoned'],
      ['p/c', 'abandoned'],
      ['p/d', 'abandoned'],
      ['b', 'abandoned'],
    ]);
  });
});
