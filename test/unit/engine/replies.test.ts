import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../../shared/envelope/envelope.ts';
import type { Kernel } from '../../../shared/flow/kernel.ts';
import {
  branch,
  call,
  flowOf,
  policy,
  retrying,
  scatter,
  sequence,
} from '../../support/kernel-builders.ts';
import { type Decided, RunDriver } from '../../support/run-driver.ts';

const usage = { calls: 1, inputTokens: 10, outputTokens: 5, microUsd: 2, computeMs: 20 };
const succeeded = { status: 'succeeded', usage } satisfies Partial<Outcome>;

function running(...items: readonly Kernel[]): RunDriver {
  const driver = new RunDriver(flowOf(sequence(...items)));
  driver.accept();
  return driver;
}

function typesOf({ history }: Decided): readonly string[] {
  return history.map(({ type }) => type);
}

/** A race of two that `a` has won: the attempt of `b` is closed, and `c` is open. */
function afterARace(): RunDriver {
  const branches = ['a', 'b'].map((id) => branch('race', id, call(`race/${id}`)));
  const driver = running(scatter('race', branches, { join: { need: 1 } }), call('c'));
  driver.reply('race/a', succeeded);
  return driver;
}

describe('a reply', () => {
  it('of another model than the one that was asked changes nothing', () => {
    const driver = running(call('a'), call('b'));
    const outcome = { ...succeeded, startedAt: '', finishedAt: '', worker: 'w' };
    const reply = { type: 'replyReceived', path: 'a', attempt: 1, outcome, patch: {} } as const;
    const forged = driver.tell({ ...reply, model: 'other', output: { forged: true } });
    expect(typesOf(forged)).toEqual(['reply_unknown']);
    expect(driver.open).toEqual(['a']);
    const own = driver.tell({ ...reply, model: 'echo', output: {} });
    expect(typesOf(own)).toContain('reply_accepted');
  });

  it('that arrives twice changes nothing', () => {
    const driver = running(call('a'), call('b'));
    driver.reply('a', succeeded);
    const before = driver.run;
    const again = driver.reply('a', succeeded, { attempt: 1, output: { other: true } });
    expect(typesOf(again)).toEqual(['reply_duplicate']);
    expect(driver.run).toEqual(before);
    expect(driver.values.get('a')).toEqual({});
    expect(again.commands).toEqual([]);
  });

  it('to an earlier attempt that failed is a duplicate', () => {
    const driver = running(call('a', { policy: retrying(2) }));
    driver.failWith('a', {});
    expect(typesOf(driver.failWith('a', {}, { attempt: 1 }))).toEqual(['reply_duplicate']);
    driver.timeToDue();
    expect(typesOf(driver.succeed('a', {}, { attempt: 1 }))).toEqual(['reply_duplicate']);
    expect(driver.open).toEqual(['a']);
  });

  it('to a tolerant step that gave up is a duplicate', () => {
    const driver = running(call('a', { tolerant: true }), call('b'));
    driver.failWith('a', { retryable: false });
    expect(typesOf(driver.succeed('a', {}, { attempt: 1 }))).toEqual(['reply_duplicate']);
    expect(driver.values.has('a')).toBe(false);
  });

  it('to an attempt that waits for its back-off is unknown', () => {
    const driver = running(call('a', { policy: retrying(2) }));
    driver.failWith('a', {});
    expect(typesOf(driver.succeed('a', {}, { attempt: 2 }))).toEqual(['reply_unknown']);
    expect(driver.run.status).toBe('running');
  });

  it.each([
    ['a path that is not in the flow', 'nowhere', 1],
    ['a step that has not begun', 'b', 1],
    ['an attempt that was never made', 'a', 7],
  ])('for %s is unknown and changes nothing', (_, path, attempt) => {
    const driver = running(call('a'), call('b'));
    const before = driver.run;
    expect(typesOf(driver.reply(path, succeeded, { attempt }))).toEqual(['reply_unknown']);
    expect(driver.run).toEqual(before);
    expect(driver.run.usage.calls).toBe(0);
  });

  it('to an abandoned attempt is late: its usage counts once, its output never', () => {
    const driver = afterARace();
    expect(driver.run.closed).toEqual(['race/b#1@echo']);
    const late = driver.reply('race/b', succeeded, { attempt: 1 });
    expect(typesOf(late)).toEqual(['reply_late']);
    expect(late.values.size).toBe(0);
    expect(driver.run).toMatchObject({ closed: [], usage: { calls: 2, inputTokens: 20 } });
    expect(typesOf(driver.reply('race/b', succeeded, { attempt: 1 }))).not.toContain('reply_late');
    expect(driver.run.usage.calls).toBe(2);
    expect(driver.open).toEqual(['c']);
  });

  it('to an abandoned attempt is no better than to an open one when it is of another model', () => {
    const driver = afterARace();
    const outcome = { ...succeeded, startedAt: '', finishedAt: '', worker: 'w' };
    const reply = { type: 'replyReceived', path: 'race/b', attempt: 1, outcome } as const;
    const before = driver.run;
    const forged = driver.tell({ ...reply, model: 'other', output: {}, patch: {} });
    expect(typesOf(forged)).toEqual(['reply_unknown']);
    expect(driver.run).toEqual(before);
    driver.succeed('c', {});
    const { usage: used } = driver.run;
    const afterTheEnd = driver.tell({ ...reply, model: 'other', output: {}, patch: {} });
    expect(typesOf(afterTheEnd)).toEqual(['reply_unknown']);
    expect(driver.run.usage).toEqual(used);
    const own = driver.tell({ ...reply, model: 'echo', output: {}, patch: {} });
    expect(typesOf(own)).toEqual(['reply_late']);
  });

  it('to an attempt that an earlier version has closed is late whoever was asked', () => {
    const driver = afterARace();
    driver.run = { ...driver.run, closed: ['race/b#1'] };
    expect(typesOf(driver.reply('race/b', succeeded, { attempt: 1 }))).toEqual(['reply_late']);
    expect(driver.run).toMatchObject({ closed: [], usage: { calls: 2 } });
  });

  it('counts its usage when it failed, too', () => {
    const driver = running(call('a', { policy: retrying(2) }));
    driver.failWith('a', { usage });
    driver.timeToDue();
    driver.reply('a', succeeded);
    expect(driver.run.usage).toEqual({
      calls: 2,
      inputTokens: 20,
      outputTokens: 10,
      microUsd: 4,
      computeMs: 40,
    });
  });

  it('to a pending run is unknown', () => {
    const driver = new RunDriver(flowOf(sequence(call('a'))), { model: () => undefined });
    driver.accept();
    expect(typesOf(driver.succeed('a', {}))).toEqual(['reply_unknown']);
    expect(driver.run.status).toBe('pending');
  });
});

describe('a finished run', () => {
  it('stays the same object, whatever is told', () => {
    const driver = afterARace();
    driver.succeed('c', {});
    const ended = driver.run;
    expect(typesOf(driver.reply('race/b', succeeded, { attempt: 1 }))).toEqual(['reply_late']);
    expect(typesOf(driver.reply('c', succeeded))).toEqual(['reply_duplicate']);
    for (const event of [
      { type: 'timerDue' },
      { type: 'jobAccepted' },
      { type: 'transportLost' },
      { type: 'cancelled', reason: 'Too late.' },
    ] as const) {
      expect(driver.tell(event)).toMatchObject({ run: ended, commands: [], history: [] });
    }
    expect(driver.run).toBe(ended);
    expect(driver.results).toHaveLength(1);
  });
});

describe('an attempt that stays silent', () => {
  const [timeoutMs, graceMs] = [2_000, 30_000];
  const model = () => ({ versions: [1], concurrency: 4, openRequests: 20 });

  it('is published again, as the same attempt, when its place in the queue no longer explains it', () => {
    const flow = flowOf(sequence(call('a', { policy: policy({ timeoutMs }) })));
    const driver = new RunDriver(flow, { model });
    driver.accept();
    const silentMs = (20 / 4 + 1) * timeoutMs + graceMs;
    expect(driver.run.dueMs).toBe(driver.nowMs + silentMs);
    driver.timeToDue();
    expect(driver.dispatches).toHaveLength(2);
    expect(driver.dispatches[1]).toEqual(driver.dispatches[0]);
    expect(driver.told).toContain('attempt_republished');
    expect(driver.run.dueMs).toBe(driver.nowMs + 2 * silentMs);
    driver.timeToDue();
    expect(driver.run.dueMs).toBe(driver.nowMs + 4 * silentMs);
    const { commands } = driver.failWith('a', { retryable: false });
    expect(driver.run.error).toMatchObject({ attempt: 1 });
    // Another request of it may wait for a worker still.
    expect(commands).toContainEqual(expect.objectContaining({ how: 'answered', copied: true }));
  });

  it('with no living worker waits as if one were there', () => {
    const flow = flowOf(sequence(call('a', { policy: policy({ timeoutMs }) })));
    const none = () => ({ versions: [1], concurrency: 0, openRequests: 1 });
    const driver = new RunDriver(flow, { model: none });
    driver.accept();
    expect(driver.run.dueMs).toBe(driver.nowMs + 2 * timeoutMs + graceMs);
  });

  it('is published again at once when the transport lost its messages', () => {
    const branches = ['a', 'b', 'c'].map((id) =>
      branch('p', id, call(`p/${id}`, { policy: retrying(2) })),
    );
    const driver = running(scatter('p', branches));
    driver.failWith('p/b', {});
    const { commands, history } = driver.tell({ type: 'transportLost' });
    expect(commands).toMatchObject([
      { path: 'p/a', attempt: 1 },
      { path: 'p/c', attempt: 1 },
    ]);
    expect(history.map(({ type }) => type)).toEqual(['attempt_republished', 'attempt_republished']);
  });
});
