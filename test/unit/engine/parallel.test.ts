import { describe, expect, it } from 'vitest';
import type { Join, Kernel } from '../../../shared/flow/kernel.ts';
import {
  branch,
  call,
  constant,
  fail,
  flowOf,
  reading,
  retrying,
  scatter,
  sequence,
  set,
  valueAt,
} from '../../support/kernel-builders.ts';
import { RunDriver } from '../../support/run-driver.ts';

const ids = ['tone', 'topic', 'language'];

interface Setting {
  readonly join?: Join;
  readonly concurrency?: number;
  readonly after?: readonly Kernel[];
}

/** Three branches of one step each, `review/tone`, `review/topic`, `review/language`, merged by fields. */
function reviewing({
  join = { need: 'all' },
  concurrency = 3,
  after = [],
}: Setting = {}): RunDriver {
  const branches = ids.map((id) => {
    const path = `review/${id}`;
    return branch('review', id, call(path, { patchKey: `${path}/$context` }));
  });
  const node = scatter('review', branches, { join, concurrency, patchKey: '$context' });
  const output = reading(
    { review: { name: 'review', keys: ['review'], factsKey: 'review/$facts' } },
    ({ review }) => review ?? null,
  );
  const driver = new RunDriver(flowOf(sequence(node, ...after), { output }));
  driver.accept();
  return driver;
}

describe('parallel branches that must all succeed', () => {
  it('start at once and are joined when the last has answered', () => {
    const driver = reviewing();
    expect(driver.open).toEqual(['review/tone', 'review/topic', 'review/language']);
    driver.succeed('review/language', { l: 1 });
    driver.succeed('review/tone', { t: 1 });
    expect(driver.results).toEqual([]);
    driver.succeed('review/topic', { o: 1 });
    const payload = { tone: { t: 1 }, topic: { o: 1 }, language: { l: 1 }, $missing: [] };
    expect(driver.result).toEqual({ type: 'publishResult', status: 'succeeded', payload });
    expect(driver.run.missing).toEqual([]);
    expect(driver.told.filter((type) => type === 'join_fired')).toHaveLength(1);
  });

  it('are as many at a time as may be open', () => {
    const driver = reviewing({ concurrency: 2 });
    expect(driver.open).toEqual(['review/tone', 'review/topic']);
    driver.succeed('review/topic', {});
    expect(driver.open).toEqual(['review/tone', 'review/language']);
  });

  it('fail with the error of the first that failed; the others are abandoned', () => {
    const driver = reviewing();
    driver.failWith('review/topic', { code: 'input_invalid', message: 'No.', retryable: false });
    const error = { code: 'input_invalid', message: 'No.', step: 'review/topic', attempt: 1 };
    expect(driver.run).toMatchObject({ status: 'failed', error });
    expect(driver.run.closed).toEqual(['review/tone#1@echo', 'review/language#1@echo']);
    expect(driver.told.filter((type) => type === 'attempt_abandoned')).toHaveLength(2);
  });

  it('have their patches applied in the order written, not in that of arrival', () => {
    const probe = call('probe', { context: { patches: ['$context'], nodes: [] } });
    const driver = reviewing({ after: [probe] });
    driver.succeed('review/language', {}, { patch: { by: 'language', last: true } });
    driver.succeed('review/tone', {}, { patch: { by: 'tone' } });
    driver.succeed('review/topic', {}, { patch: { by: 'topic', topic: 1 } });
    const context = { by: 'language', last: true, topic: 1 };
    expect(driver.dispatches.at(-1)).toMatchObject({ path: 'probe', context });
  });

  it('never send what the same decision abandons', () => {
    const branches = [
      branch('p', 'a', call('p/a')),
      branch('p', 'b', fail('p/b', 'not_allowed')),
      branch('p', 'c', call('p/c')),
    ];
    const driver = new RunDriver(flowOf(sequence(scatter('p', branches))));
    driver.accept();
    expect(driver.run).toMatchObject({ status: 'failed', error: { code: 'not_allowed' } });
    expect(driver.dispatches).toEqual([]);
  });
});

describe('a join that needs a number', () => {
  it('fires as soon as so many succeeded, and names the others as missing', () => {
    const driver = reviewing({ join: { need: 2 } });
    driver.succeed('review/language', { l: 1 });
    driver.failWith('review/tone', { retryable: false });
    driver.succeed('review/topic', { o: 1 });
    const payload = { topic: { o: 1 }, language: { l: 1 }, $missing: ['tone'] };
    expect(driver.result).toMatchObject({ status: 'succeeded', payload });
    expect(driver.run.missing).toEqual(['review/tone']);
    expect(driver.told).toContain('branch_failed');
  });

  it('abandons those that are still open', () => {
    const driver = reviewing({ join: { need: 1 } });
    driver.succeed('review/topic', {});
    expect(driver.run.closed).toEqual(['review/tone#1@echo', 'review/language#1@echo']);
    expect(driver.run.missing).toEqual(['review/language', 'review/tone']);
  });

  it('leaves out the patches of branches that did not succeed', () => {
    const twice = sequence(
      call('p/a/first', { patchKey: 'p/a/$context' }),
      call('p/a', { patchKey: 'p/a/$context' }),
    );
    const branches = [branch('p', 'a', twice), branch('p', 'b', call('p/b'))];
    const node = scatter('p', branches, { join: { need: 1 }, patchKey: '$context' });
    const driver = new RunDriver(flowOf(sequence(node)));
    driver.accept();
    driver.succeed('p/a/first', {}, { patch: { half: true } });
    driver.succeed('p/b', {});
    expect(driver.values.get('$context')).toEqual({});
  });

  it('fails when it can no longer be reached', () => {
    const driver = reviewing({ join: { need: 2 } });
    driver.failWith('review/tone', { retryable: false });
    expect(driver.run.status).toBe('running');
    driver.failWith('review/topic', { code: 'too_long', retryable: false });
    expect(driver.run.error).toMatchObject({ code: 'join_impossible', step: 'review' });
    expect(driver.run.error?.message).toContain('tone: overloaded, topic: too_long');
  });

  it('fails at once when there are fewer branches than it needs', () => {
    const driver = reviewing({ join: { need: 4 } });
    expect(driver.run.error).toMatchObject({ code: 'join_impossible' });
    expect(driver.dispatches).toEqual([]);
  });
});

describe('a join whose time is over', () => {
  it('takes what is there when it needs all', () => {
    const driver = reviewing({ join: { need: 'all', withinMs: 3_000 } });
    driver.succeed('review/tone', { t: 1 });
    expect(driver.run.dueMs).toBe(driver.nowMs + 3_000);
    driver.timeToDue();
    const payload = { tone: { t: 1 }, $missing: ['topic', 'language'] };
    expect(driver.result).toMatchObject({ status: 'succeeded', payload });
    expect(driver.run.missing).toEqual(['review/language', 'review/topic']);
    expect(driver.run.closed).toEqual(['review/topic#1@echo', 'review/language#1@echo']);
  });

  it('takes what there is as soon as the last branch has ended, one that failed included', () => {
    const driver = reviewing({ join: { need: 'all', withinMs: 3_000 } });
    driver.failWith('review/topic', { retryable: false });
    driver.succeed('review/tone', { t: 1 });
    expect(driver.run.status).toBe('running');
    driver.succeed('review/language', { l: 2 });
    const payload = { tone: { t: 1 }, language: { l: 2 }, $missing: ['topic'] };
    expect(driver.result).toMatchObject({ status: 'succeeded', payload });
    expect(driver.run.missing).toEqual(['review/topic']);
  });

  it('fails at once when every branch has failed', () => {
    const driver = reviewing({ join: { need: 'all', withinMs: 3_000 } });
    for (const branch of ['tone', 'topic', 'language']) {
      driver.failWith(`review/${branch}`, { retryable: false });
    }
    expect(driver.run.error).toMatchObject({ code: 'join_empty', step: 'review' });
  });

  it('fails when nothing is there', () => {
    const driver = reviewing({ join: { need: 'all', withinMs: 3_000 } });
    driver.timeToDue();
    expect(driver.run.error).toMatchObject({ code: 'join_empty', step: 'review' });
  });

  it('fails when it has not the number it needs', () => {
    const driver = reviewing({ join: { need: 2, withinMs: 3_000 } });
    driver.succeed('review/tone', {});
    driver.timeToDue();
    expect(driver.run.error).toMatchObject({ code: 'join_expired', step: 'review' });
  });
});

describe('branches inside branches', () => {
  it('fail their branch alone when the outer join can do without it', () => {
    const inner = scatter('p/a', [
      branch('p/a', 'x', call('p/a/x')),
      branch('p/a', 'y', call('p/a/y')),
    ]);
    const branches = [branch('p', 'a', inner), branch('p', 'b', call('p/b'))];
    const node = scatter('p', branches, { join: { need: 1 } });
    const driver = new RunDriver(flowOf(sequence(node), { output: valueAt('p') }));
    driver.accept();
    driver.failWith('p/a/x', { retryable: false });
    expect(driver.run).toMatchObject({ status: 'running', closed: ['p/a/y#1@echo'] });
    driver.succeed('p/b', { b: 1 });
    expect(driver.result.payload).toEqual({ b: { b: 1 } });
  });

  it('retry each by itself', () => {
    const branches = ['a', 'b'].map((id) =>
      branch('p', id, call(`p/${id}`, { policy: retrying(2) })),
    );
    const driver = new RunDriver(flowOf(sequence(scatter('p', branches))));
    driver.accept();
    driver.failWith('p/a', {});
    expect(driver.open).toEqual(['p/b']);
    driver.timeToDue();
    expect(driver.openCalls).toMatchObject([
      { path: 'p/a', attempt: 2 },
      { path: 'p/b', attempt: 1 },
    ]);
  });

  it('may finish without any call', () => {
    const branches = ['a', 'b'].map((id) => branch('p', id, set(`p/${id}`, constant(id))));
    const driver = new RunDriver(
      flowOf(sequence(scatter('p', branches)), { output: valueAt('p') }),
    );
    driver.accept();
    expect(driver.result.payload).toEqual({ a: 'a', b: 'b' });
  });
});
