import { describe, expect, it } from 'vitest';
import type { BreakerFacts } from '../../../services/coordinator/engine/decision.ts';
import type { Outcome } from '../../../shared/envelope/envelope.ts';
import type { BreakerPolicy, Rung, StepPolicy } from '../../../shared/flow/kernel.ts';
import {
  branch,
  call,
  constant,
  flowOf,
  policy,
  retrying,
  scatter,
  sequence,
  valueAt,
} from '../../support/kernel-builders.ts';
import { RunDriver } from '../../support/run-driver.ts';

const breaker: BreakerPolicy = {
  failureRate: 0.5,
  slowRate: 1,
  minCalls: 20,
  windowMs: 30_000,
  openMs: 15_000,
  probes: 2,
};
const other: Rung = { model: 'other', input: valueAt('$payload') };
const third: Rung = { model: 'third', input: constant({ short: true }) };
const apology = { onFailure: { value: constant({ text: 'Sorry.' }) } };
const open: BreakerFacts = { callable: 0, untilMs: Date.parse('2026-01-01T00:01:00Z') };
const closed: BreakerFacts = { callable: Infinity, untilMs: 0 };

const busy = { code: 'overloaded', retryable: true };
const wrong = { code: 'output_invalid', message: '/text: is missing', retryable: false };
const refused = { code: 'content_refused', retryable: false };

type Answer = 'ok' | Partial<Outcome>;

interface Example {
  readonly when: string;
  readonly policy: Partial<StepPolicy>;
  /** What each call answers, in order. */
  readonly answers: readonly Answer[];
  /** Models whose breaker is open. */
  readonly broken?: readonly string[];
  readonly calls: readonly string[];
  readonly ends: { readonly status: string; readonly code?: string };
  readonly servedBy?: readonly string[];
  readonly degraded?: readonly object[];
}

/** Plays the answers to whatever is asked, and lets time pass while nothing is. */
function play({ policy: some, answers, broken = [] }: Example): RunDriver {
  const step = call('a', { policy: policy({ breaker, ...some }) });
  const driver = new RunDriver(flowOf(sequence(step), { output: valueAt('a') }), {
    breaker: (model) => (broken.includes(model) ? open : closed),
  });
  driver.accept();
  const left = [...answers];
  while (driver.run.finishedAtMs === null) {
    if (driver.open.length === 0) {
      driver.timeToDue();
      continue;
    }
    const answer = left.shift() ?? 'ok';
    if (answer === 'ok') driver.succeed('a', { text: 'Hello.' });
    else driver.failWith('a', answer);
  }
  expect(left).toEqual([]);
  return driver;
}

const examples: readonly Example[] = [
  {
    when: 'nothing goes wrong',
    policy: { fallback: [other], ...apology },
    answers: ['ok'],
    calls: ['echo'],
    ends: { status: 'succeeded' },
    servedBy: ['echo@1'],
  },
  {
    when: 'a failure passes: the same model answers on its next attempt',
    policy: { ...retrying(3), fallback: [other] },
    answers: [busy, busy, 'ok'],
    calls: ['echo', 'echo', 'echo'],
    ends: { status: 'succeeded' },
    servedBy: ['echo@1'],
  },
  {
    when: 'it does not pass: the next model answers once the attempts are spent',
    policy: { ...retrying(2), fallback: [other] },
    answers: [busy, busy, 'ok'],
    calls: ['echo', 'echo', 'other'],
    ends: { status: 'succeeded' },
    servedBy: ['other@1'],
    degraded: [{ why: 'fallback', code: 'overloaded' }],
  },
  {
    when: 'trying again cannot help: the next model is asked at once',
    policy: { ...retrying(3), fallback: [other] },
    answers: [refused, 'ok'],
    calls: ['echo', 'other'],
    ends: { status: 'succeeded' },
    servedBy: ['other@1'],
    degraded: [{ why: 'fallback', code: 'content_refused' }],
  },
  {
    when: 'each model of the ladder has its own attempts',
    policy: { ...retrying(2), fallback: [other, third] },
    answers: [busy, busy, busy, busy, 'ok'],
    calls: ['echo', 'echo', 'other', 'other', 'third'],
    ends: { status: 'succeeded' },
    servedBy: ['third@1'],
    degraded: [{ why: 'fallback', code: 'overloaded' }],
  },
  {
    when: 'the whole ladder is spent and there is a default',
    policy: { fallback: [other], ...apology },
    answers: [busy, refused],
    calls: ['echo', 'other'],
    ends: { status: 'succeeded' },
    servedBy: ['default'],
    degraded: [{ why: 'default', code: 'content_refused' }],
  },
  {
    when: 'the whole ladder is spent and there is nothing',
    policy: { fallback: [other] },
    answers: [busy, refused],
    calls: ['echo', 'other'],
    ends: { status: 'failed', code: 'content_refused' },
  },
  {
    when: 'the breaker is open: the model is not called, the next one is',
    policy: { fallback: [other] },
    broken: ['echo'],
    answers: ['ok'],
    calls: ['other'],
    ends: { status: 'succeeded' },
    servedBy: ['other@1'],
    degraded: [{ why: 'fallback', code: 'breaker_open' }],
  },
  {
    when: 'every breaker is open and there is a default: nobody is called',
    policy: { fallback: [other], onOpen: { value: constant({ text: 'Later.' }) } },
    broken: ['echo', 'other'],
    answers: [],
    calls: [],
    ends: { status: 'succeeded' },
    servedBy: ['default'],
    degraded: [{ why: 'default', code: 'breaker_open' }],
  },
  {
    when: 'every breaker is open to the end: the run ends in time',
    policy: {},
    broken: ['echo'],
    answers: [],
    calls: [],
    ends: { status: 'timed_out', code: 'deadline_exceeded' },
  },
  {
    when: 'an output is wrong: the same model is asked again, with what was wrong',
    policy: { reask: 2, fallback: [other] },
    answers: [wrong, 'ok'],
    calls: ['echo', 'echo'],
    ends: { status: 'succeeded' },
    servedBy: ['echo@1'],
  },
  {
    when: 'an output stays wrong: the next model answers',
    policy: { reask: 2, fallback: [other] },
    answers: [wrong, wrong, wrong, 'ok'],
    calls: ['echo', 'echo', 'echo', 'other'],
    ends: { status: 'succeeded' },
    servedBy: ['other@1'],
    degraded: [{ why: 'fallback', code: 'output_invalid' }],
  },
  {
    when: 'an output stays wrong and there is nobody else',
    policy: { reask: 1, ...{ retry: retrying(3).retry } },
    answers: [wrong, wrong],
    calls: ['echo', 'echo'],
    ends: { status: 'failed', code: 'output_invalid' },
  },
  {
    when: 'a code has its own number of executions: more than the others',
    policy: { retry: { ...retrying(1).retry, on: { rate_limited: 3 } } },
    answers: [{ ...busy, code: 'rate_limited' }, { ...busy, code: 'rate_limited' }, 'ok'],
    calls: ['echo', 'echo', 'echo'],
    ends: { status: 'succeeded' },
    servedBy: ['echo@1'],
  },
  {
    when: 'a code has its own number of executions: one alone',
    policy: { retry: { ...retrying(3).retry, on: { overloaded: 1 } } },
    answers: [busy],
    calls: ['echo'],
    ends: { status: 'failed', code: 'overloaded' },
  },
  {
    when: 'a code is named: it is tried again whatever the worker says',
    policy: { retry: { ...retrying(1).retry, on: { content_refused: 2 } } },
    answers: [refused, 'ok'],
    calls: ['echo', 'echo'],
    ends: { status: 'succeeded' },
    servedBy: ['echo@1'],
  },
  {
    when: 'a worker is drained: that is no failure',
    policy: retrying(1),
    answers: [{ code: 'shutting_down', retryable: true }, 'ok'],
    calls: ['echo', 'echo'],
    ends: { status: 'succeeded' },
    servedBy: ['echo@1'],
  },
];

describe('the ladder of a step when', () => {
  it.each(examples)('$when', (example) => {
    const driver = play(example);
    expect(driver.dispatches.map(({ model }) => model)).toEqual(example.calls);
    expect(driver.run.status).toBe(example.ends.status);
    expect(driver.run.error?.code).toBe(example.ends.code);
    const account = driver.run.steps['a'];
    expect(account?.servedBy ?? []).toEqual(example.servedBy ?? []);
    expect(account?.degraded ?? []).toEqual(example.degraded ?? []);
    expect(driver.run.degraded).toEqual(example.degraded === undefined ? [] : ['a']);
  });
});

describe('a step whose ladder is spent', () => {
  it('is a dead letter that says what was asked', () => {
    const driver = play({ ...examples[6], answers: [busy, refused] } as Example);
    expect(driver.commands.filter(({ type }) => type === 'deadLetter')).toEqual([
      {
        type: 'deadLetter',
        path: 'a',
        attempt: 2,
        model: 'other',
        version: 1,
        code: 'content_refused',
        message: 'Too busy.',
        input: { text: 'hello' },
      },
    ]);
  });

  it('is none when something answered instead', () => {
    const driver = play({ ...examples[5], answers: [busy, refused] } as Example);
    expect(driver.commands.some(({ type }) => type === 'deadLetter')).toBe(false);
  });
});

describe('a request that asks again', () => {
  it('carries what was wrong, also when it is published again', () => {
    const step = call('a', { policy: policy({ reask: 1 }) });
    const driver = new RunDriver(flowOf(sequence(step)));
    driver.accept();
    driver.failWith('a', wrong);
    driver.timeToDue();
    expect(driver.dispatches.map(({ attempt, reask }) => ({ attempt, reask }))).toEqual([
      { attempt: 1, reask: undefined },
      { attempt: 2, reask: ['/text: is missing'] },
      { attempt: 2, reask: ['/text: is missing'] },
    ]);
  });
});

describe('an open breaker', () => {
  it('is waited for when nothing could answer instead', () => {
    let state = open;
    const step = call('a', { policy: policy({ breaker }) });
    const driver = new RunDriver(flowOf(sequence(step)), { breaker: () => state });
    driver.accept();
    expect(driver.run.dueMs).toBe(open.untilMs);
    expect(driver.told).toContain('attempt_held');
    state = closed;
    driver.timeToDue();
    expect(driver.dispatches).toHaveLength(1);
  });

  it('lets no more than its probes through, also of one decision', () => {
    const branches = ['a', 'b', 'c'].map((id) =>
      branch('p', id, call(`p/${id}`, { policy: policy({ breaker }) })),
    );
    const half: BreakerFacts = { callable: 2, untilMs: open.untilMs };
    const driver = new RunDriver(flowOf(sequence(scatter('p', branches))), { breaker: () => half });
    driver.accept();
    expect(driver.open).toEqual(['p/a', 'p/b']);
  });
});
