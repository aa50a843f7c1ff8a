import { describe, expect, it } from 'vitest';
import type { ModelFacts } from '../../../services/coordinator/engine/decision.ts';
import { restsOf } from '../../../services/coordinator/engine/rests.ts';
import type { Kernel, WaitNode } from '../../../shared/flow/kernel.ts';
import {
  branch,
  call,
  flowOf,
  retrying,
  scatter,
  sequence,
} from '../../support/kernel-builders.ts';
import { RunDriver } from '../../support/run-driver.ts';

const nobody = () => false;

function wait(path: string): WaitNode {
  return { kind: 'wait', path, check: () => [] };
}

function started(body: Kernel, more: Partial<Parameters<typeof flowOf>[1]> = {}, room = Infinity) {
  const model = (): ModelFacts => ({ versions: [1], concurrency: 1, openRequests: 0, room });
  const driver = new RunDriver(flowOf(sequence(body), more), { model });
  driver.accept();
  return driver;
}

describe('a run rests', () => {
  it('while it waits for an answer, and not before or after', () => {
    const driver = new RunDriver(flowOf(sequence(call('a'), wait('w'))));
    driver.accept();
    expect(restsOf(driver.run, nobody)).toEqual([]);
    driver.succeed('a', {});
    expect(restsOf(driver.run, nobody)).toEqual([{ path: 'w', why: 'signal', model: null }]);
    driver.tell({ type: 'signalled', path: 'w', value: true, by: 'ann' });
    expect(driver.run.status).toBe('succeeded');
    expect(restsOf(driver.run, nobody)).toEqual([]);
  });

  it('only when every branch of it does', () => {
    const body = scatter('p', [
      branch('p', 'a', call('p/a', { policy: retrying(2) })),
      branch('p', 'w', wait('p/w')),
    ]);
    const driver = started(body);
    expect(restsOf(driver.run, nobody)).toEqual([]);
    driver.failWith('p/a', { retryable: true });
    expect(restsOf(driver.run, nobody), 'it is tried again').toEqual([]);
    driver.timeToDue();
    driver.succeed('p/a', {});
    expect(restsOf(driver.run, nobody)).toEqual([{ path: 'p/w', why: 'signal', model: null }]);
  });

  it('when its budget is spent and pauses it', () => {
    const budget = { calls: 0, onExceeded: 'pause' } as const;
    const driver = started(call('a'), { budget });
    expect(restsOf(driver.run, nobody)).toEqual([{ path: 'a', why: 'budget', model: null }]);
  });

  it('when its model is paused, whether its request left before that or not', () => {
    const paused = (model: string) => model === 'echo';
    const rest = [{ path: 'a', why: 'paused', model: 'echo' }];
    const held = started(call('a'), {}, 0);
    expect(restsOf(held.run, nobody)).toEqual([]);
    expect(restsOf(held.run, paused)).toEqual(rest);
    expect(restsOf(started(call('a')).run, paused)).toEqual(rest);
  });
});
