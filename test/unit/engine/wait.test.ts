import { describe, expect, it } from 'vitest';
import type { WaitNode } from '../../../shared/flow/kernel.ts';
import {
  branch,
  call,
  constant,
  flowOf,
  scatter,
  sequence,
  valueAt,
} from '../../support/kernel-builders.ts';
import { RunDriver } from '../../support/run-driver.ts';

function wait(path: string, some: Partial<WaitNode> = {}): WaitNode {
  return { kind: 'wait', path, check: () => [], ...some };
}

function running(node: WaitNode): RunDriver {
  const flow = flowOf(sequence(node, call('b')), { output: valueAt('approval') });
  const driver = new RunDriver(flow);
  driver.accept();
  return driver;
}

const approved = { type: 'signalled', path: 'approval', value: { yes: true }, by: 'ann' } as const;

describe('a wait', () => {
  it('stands until its signal comes; the answer is its value', () => {
    const driver = running(wait('approval', { ask: constant('Send it?') }));
    expect([driver.run.status, driver.open]).toEqual(['running', []]);
    expect(driver.history.at(-1)).toMatchObject({ type: 'wait_began', facts: { ask: 'Send it?' } });
    driver.tell(approved);
    driver.succeed('b', {});
    expect(driver.result.payload).toEqual({ yes: true });
    expect(driver.told).toContain('signal_received');
  });

  it('is answered once: a second signal, or one for another node, changes nothing', () => {
    const driver = running(wait('approval'));
    driver.tell({ ...approved, path: 'elsewhere' });
    expect(driver.open).toEqual([]);
    driver.tell(approved);
    const { run } = driver;
    driver.tell({ ...approved, value: { yes: false } });
    expect(driver.run.state).toEqual(run.state);
    expect(driver.values.get('approval')).toEqual({ yes: true });
  });

  it('refuses an answer that does not fit, and waits on', () => {
    const driver = running(wait('approval', { check: () => ['/yes must be boolean'] }));
    driver.tell(approved);
    expect(driver.open).toEqual([]);
    expect(driver.history.at(-1)).toMatchObject({ type: 'signal_refused', code: 'answer_invalid' });
  });

  it('ends when its time is over: with its other value, or a failure', () => {
    const kind = running(
      wait('approval', { withinMs: 5_000, onTimeout: constant({ yes: false }) }),
    );
    kind.timeToDue();
    expect(kind.open).toEqual(['b']);
    const strict = running(wait('approval', { withinMs: 5_000 }));
    strict.timeToDue();
    expect(strict.run.error).toMatchObject({ code: 'wait_expired', step: 'approval' });
  });

  it('in one branch lets the others go on', () => {
    const branches = [branch('p', 'a', wait('p/a')), branch('p', 'b', call('p/b'))];
    const driver = new RunDriver(flowOf(sequence(scatter('p', branches))));
    driver.accept();
    driver.succeed('p/b', { n: 1 });
    driver.tell({ ...approved, path: 'p/a' });
    expect(driver.values.get('p')).toEqual({ a: { yes: true }, b: { n: 1 } });
    expect(driver.run.status).toBe('succeeded');
  });

  it('ends with its run', () => {
    const driver = running(wait('approval'));
    driver.tell({ type: 'cancelled', reason: 'Not wanted.' });
    driver.tell(approved);
    expect(driver.run.status).toBe('cancelled');
    expect(driver.results).toHaveLength(1);
  });
});
