import { describe, expect, it } from 'vitest';
import { ContractError } from '../../../shared/errors/errors.ts';
import type { Kernel } from '../../../shared/flow/kernel.ts';
import {
  call,
  choice,
  constant,
  flowOf,
  policy,
  reading,
  retrying,
  sequence,
  set,
  valueAt,
} from '../../support/kernel-builders.ts';
import { RunDriver } from '../../support/run-driver.ts';

const context = { patches: ['$context'], nodes: [{ name: 'a', keys: ['a'] }] };

function running(...items: readonly Kernel[]): RunDriver {
  const driver = new RunDriver(flowOf(sequence(...items)), { context: { lang: 'de' } });
  driver.accept();
  return driver;
}

describe('a chain of calls', () => {
  it('gives each step what the step before gave, and ends with the output of the flow', () => {
    const chain = sequence(call('a'), call('b', { input: valueAt('a') }));
    const driver = new RunDriver(flowOf(chain, { output: valueAt('b') }));
    driver.accept();
    expect(driver.dispatches).toMatchObject([{ path: 'a', attempt: 1, input: { text: 'hello' } }]);
    driver.succeed('a', { n: 1 });
    expect(driver.dispatches[1]).toMatchObject({ path: 'b', attempt: 1, input: { n: 1 } });
    driver.succeed('b', { n: 2 });
    expect(driver.result).toMatchObject({ status: 'succeeded', payload: { n: 2 } });
    expect(driver.run).toMatchObject({
      status: 'succeeded',
      state: null,
      dueMs: null,
      error: null,
    });
    expect(driver.told).toEqual([
      'run_accepted',
      'run_started',
      'attempt_dispatched',
      'reply_accepted',
      'attempt_dispatched',
      'reply_accepted',
      'run_finished',
    ]);
  });

  it('without a step in it ends at once', () => {
    const driver = running();
    expect(driver.result).toMatchObject({ status: 'succeeded', payload: 'done' });
    expect(driver.run.startedAtMs).toBe(driver.nowMs);
  });
});

describe('a request', () => {
  it('carries the patched context with the outputs of steps over it', () => {
    const driver = running(
      call('a', { patchKey: '$context' }),
      call('b', { context }),
      call('c', { context: { ...context, nodes: [] } }),
    );
    driver.succeed('a', { n: 1 }, { patch: { tone: 'kind', lang: 'en' } });
    expect(driver.dispatches[1]?.context).toEqual({ lang: 'en', tone: 'kind', a: { n: 1 } });
    driver.succeed('b', {});
    expect(driver.dispatches[2]?.context).toEqual({ lang: 'en', tone: 'kind' });
  });

  it('leaves out of the context what has no value', () => {
    const driver = running(call('b', { context }));
    expect(driver.dispatches[0]?.context).toEqual({ lang: 'de' });
  });

  it('carries only the keys that its step names', () => {
    const only = { ...context, patches: ['$context', '$patch'], only: ['tone', 'a'] };
    const driver = running(call('a', { patchKey: '$patch' }), call('b', { context: only }));
    driver.succeed('a', { n: 1 }, { patch: { tone: 'kind', mood: 'good' } });
    expect(driver.dispatches[1]?.context).toEqual({ tone: 'kind', a: { n: 1 } });
  });

  it('has the time of its step, and the earlier of the two deadlines', () => {
    const driver = running(call('a', { policy: policy({ timeoutMs: 2_000 }) }));
    expect(driver.dispatches[0]).toMatchObject({
      timeoutMs: 2_000,
      deadlineMs: driver.run.deadlineMs,
    });
    const soon = running(call('a', { policy: policy({ withinMs: 4_000 }) }));
    expect(soon.dispatches[0]?.deadlineMs).toBe(soon.nowMs + 4_000);
  });

  it('goes to the version the step names, else to the newest announced', () => {
    const flow = flowOf(sequence(call('a'), call('b', { version: 1 })));
    const model = () => ({ versions: [1, 2], concurrency: 1, openRequests: 0 });
    const driver = new RunDriver(flow, { model });
    driver.accept();
    driver.succeed('a', {});
    expect(driver.dispatches.map(({ version }) => version)).toEqual([2, 1]);
  });
});

describe('who served a step', () => {
  it('is written down where the flow reads it, and nowhere else', () => {
    const read = { name: 'b', keys: ['b'], factsKey: 'b/$facts' };
    const output = reading({ b: read }, ({ b }) => b ?? null);
    const driver = new RunDriver(flowOf(sequence(call('a'), call('b')), { output }));
    driver.accept();
    driver.succeed('a', {});
    driver.succeed('b', { n: 1 });
    expect(driver.result.payload).toEqual({ n: 1, $servedBy: 'echo@1', $degraded: null });
    expect(driver.values.has('a/$facts')).toBe(false);
  });
});

describe('a patch', () => {
  it('cannot take the name of a node', () => {
    const driver = running(call('x', { patchKey: '$context' }), call('b', { context }));
    driver.succeed('x', {}, { patch: { a: 'forged', tone: 'kind' } });
    expect(driver.dispatches[1]?.context).toEqual({ lang: 'de', tone: 'kind' });
  });

  it('may have any key, even one that objects know', () => {
    const patch = JSON.parse('{"__proto__": {"admin": true}}');
    const driver = running(call('x', { patchKey: '$context' }), call('b', { context }));
    driver.succeed('x', {}, { patch });
    expect(JSON.stringify(driver.dispatches[1]?.context)).toContain('"__proto__":{"admin":true}');
    expect(driver.dispatches[1]?.context['admin']).toBeUndefined();
  });

  it('is dropped where nobody could see it', () => {
    const driver = running(call('x'), call('b', { context }));
    driver.succeed('x', {}, { patch: { tone: 'kind' } });
    expect(driver.dispatches[1]?.context).toEqual({ lang: 'de' });
  });
});

describe('a failed attempt', () => {
  it('is tried again after its back-off, as the next attempt', () => {
    const driver = running(call('a', { policy: retrying(2) }));
    driver.failWith('a', { code: 'overloaded' });
    expect(driver.run.dueMs).toBe(driver.nowMs + 1_000);
    expect(driver.open).toEqual([]);
    driver.timeAt(driver.nowMs + 999);
    expect(driver.dispatches).toHaveLength(1);
    driver.timeToDue();
    expect(driver.dispatches[1]).toMatchObject({ path: 'a', attempt: 2 });
    driver.succeed('a', {});
    expect(driver.run.status).toBe('succeeded');
    expect(driver.told).toContain('retry_scheduled');
  });

  it('ends the run when its attempts are spent', () => {
    const driver = running(call('a', { policy: retrying(2) }));
    driver.failWith('a', { code: 'overloaded' });
    driver.timeToDue();
    driver.failWith('a', { code: 'still_overloaded', message: 'No.' });
    const error = { code: 'still_overloaded', message: 'No.', step: 'a', attempt: 2 };
    expect(driver.run).toMatchObject({ status: 'failed', error });
    expect(driver.result).toMatchObject({ status: 'failed', payload: null });
  });

  it('ends the run at once when the worker does not call it retryable', () => {
    const driver = running(call('a', { policy: retrying(3) }));
    driver.failWith('a', { code: 'input_invalid', retryable: false });
    expect(driver.run.error).toMatchObject({ code: 'input_invalid', step: 'a', attempt: 1 });
  });

  it('of a draining worker goes out again at once and costs nothing', () => {
    const driver = running(call('a', { policy: retrying(1) }));
    driver.failWith('a', { code: 'shutting_down' });
    expect(driver.dispatches[1]).toMatchObject({ path: 'a', attempt: 2 });
    driver.succeed('a', {});
    expect(driver.run.status).toBe('succeeded');
  });

  it('of a tolerant step lets the flow go on without a value, and is named', () => {
    const driver = running(call('a', { tolerant: true }), call('b', { context }));
    driver.failWith('a', { retryable: false });
    expect(driver.dispatches[1]).toMatchObject({ path: 'b', context: { lang: 'de' } });
    driver.succeed('b', {});
    expect(driver.run).toMatchObject({ status: 'succeeded', degraded: ['a'] });
  });
});

describe('the time a step has over all its attempts', () => {
  const flow = [call('a', { policy: retrying(5, { withinMs: 10_000 }) })];

  it('ends the run when the open attempt stays silent', () => {
    const driver = running(...flow);
    expect(driver.run.dueMs).toBe(driver.nowMs + 10_000);
    driver.timeToDue();
    expect(driver.run).toMatchObject({ status: 'failed', closed: ['a#1@echo'] });
    expect(driver.run.error).toMatchObject({ code: 'within_exceeded', step: 'a', attempt: 1 });
    expect(driver.told).toContain('attempt_timed_out');
  });

  it('is not begun anew by a retry', () => {
    const driver = running(...flow);
    driver.nowMs += 6_000;
    driver.failWith('a', {});
    driver.timeToDue();
    expect(driver.run.dueMs).toBe(driver.dispatches[1]?.deadlineMs);
    driver.timeToDue();
    expect(driver.run.error).toMatchObject({ code: 'within_exceeded', attempt: 2 });
  });
});

describe('a mapping that fails', () => {
  const broken = reading({}, () => {
    throw new Error('this is a bug, not a broken mapping');
  });

  it.each([
    ['input is no object', call('a', { input: constant('text') }), 'a'],
    ['input is a list', call('a', { input: constant([]) }), 'a'],
    ['condition is no boolean', choice([[constant('yes'), call('a')]]), 'do[0].route[0].when'],
  ])('because its %s ends the run with expression_failed', (_, node, step) => {
    const { error, status } = running(node).run;
    expect(status).toBe('failed');
    expect(error).toMatchObject({ code: 'expression_failed', step });
  });

  it('in the output of the flow ends the run without a payload', () => {
    const output = reading({}, () => {
      throw new ContractError('expression_failed', 'output: no such key: answer.');
    });
    const driver = new RunDriver(flowOf(sequence(), { output }));
    driver.accept();
    expect(driver.result).toMatchObject({ status: 'failed', payload: null });
    expect(driver.run.error).toMatchObject({ code: 'expression_failed', step: 'output' });
  });

  it('with anything but an error of ours is a bug, and is thrown', () => {
    expect(() => running(set('a', broken))).toThrow('this is a bug');
  });
});
