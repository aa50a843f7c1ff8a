import { describe, expect, it } from 'vitest';
import { type Attempts, type Failure, next } from '../../../services/coordinator/engine/policy.ts';
import { policy, retrying } from '../../support/kernel-builders.ts';

const NOW = 100_000;
const closed = { callable: Infinity, untilMs: 0 };
const open = { callable: 0, untilMs: NOW + 15_000 };
const facts = { nowMs: NOW, deadlineMs: NOW + 300_000, random: 0.5, breaker: () => closed };
const busy: Failure = { code: 'overloaded', message: 'Too busy.', retryable: true };

function attempts(some: Partial<Attempts> = {}): Attempts {
  return {
    attempt: 1,
    rung: 0,
    failures: 0,
    reasks: 0,
    withinAtMs: null,
    latest: { name: 'none' },
    ...some,
  };
}

function failed(failure: Partial<Failure>, some: Partial<Attempts> = {}): Attempts {
  return attempts({ latest: { name: 'failed', failure: { ...busy, ...failure } }, ...some });
}

describe('the next thing a step does', () => {
  it.each([
    {
      when: 'nothing was tried yet: it calls',
      policy: policy(),
      attempts: attempts({ attempt: 0 }),
      next: { name: 'call', attempt: 1, failures: 0 },
    },
    {
      when: 'nothing was tried and its own time is over: within_exceeded',
      policy: policy({ withinMs: 5_000 }),
      attempts: attempts({ attempt: 0, withinAtMs: NOW }),
      next: { name: 'give_up', code: 'within_exceeded', message: 'No answer within 5000 ms.' },
    },
    {
      when: 'nothing was tried and the time of the run is over: deadline_exceeded',
      policy: policy(),
      attempts: attempts({ attempt: 0 }),
      facts: { ...facts, deadlineMs: NOW },
      next: { name: 'give_up', code: 'deadline_exceeded' },
    },
    {
      when: 'the first failure may pass: it waits as long as its back-off says',
      policy: retrying(3),
      attempts: failed({}),
      next: { name: 'wait', attempt: 2, failures: 1, untilMs: NOW + 1_000 },
    },
    {
      when: 'the second failure may pass: it waits longer',
      policy: retrying(3),
      attempts: failed({}, { attempt: 2, failures: 1 }),
      next: { name: 'wait', attempt: 3, failures: 2, untilMs: NOW + 2_000 },
    },
    {
      when: 'the back-off has full jitter: it waits that share of it',
      policy: policy({ retry: { ...retrying(3).retry, jitter: 'full' } }),
      attempts: failed({}),
      next: { name: 'wait', attempt: 2, failures: 1, untilMs: NOW + 500 },
    },
    {
      when: 'the model says when to come back: that wins over the back-off',
      policy: retrying(3),
      attempts: failed({ retryAfterMs: 7_000 }),
      next: { name: 'wait', attempt: 2, failures: 1, untilMs: NOW + 7_000 },
    },
    {
      when: 'the model says to come back at once: it calls at once',
      policy: retrying(3),
      attempts: failed({ retryAfterMs: 0 }),
      next: { name: 'call', attempt: 2, failures: 1 },
    },
    {
      when: 'all attempts are spent: it gives up with the last code',
      policy: retrying(3),
      attempts: failed({}, { attempt: 3, failures: 2 }),
      next: { name: 'give_up', code: 'overloaded', message: 'Too busy.' },
    },
    {
      when: 'the failure cannot pass: it gives up at once',
      policy: retrying(3),
      attempts: failed({ code: 'input_invalid', retryable: false }),
      next: { name: 'give_up', code: 'input_invalid' },
    },
    {
      when: 'a worker drained: it calls at once and counts no failure',
      policy: retrying(1),
      attempts: failed({ code: 'shutting_down', retryable: false }),
      next: { name: 'call', attempt: 2, failures: 0 },
    },
    {
      when: 'the wait would end after its own time does: it gives up with the last code',
      policy: retrying(3),
      attempts: failed({}, { withinAtMs: NOW + 1_000 }),
      next: { name: 'give_up', code: 'overloaded' },
    },
    {
      when: 'the wait would end after the time of the run does: it gives up with the last code',
      policy: retrying(3),
      attempts: failed({}),
      facts: { ...facts, deadlineMs: NOW + 1_000 },
      next: { name: 'give_up', code: 'overloaded' },
    },
    {
      when: 'a worker saw the time of the step end: within_exceeded',
      policy: retrying(3, { withinMs: 5_000 }),
      attempts: failed({ code: 'deadline_exceeded', retryable: false }, { withinAtMs: NOW + 1 }),
      next: { name: 'give_up', code: 'within_exceeded' },
    },
    {
      when: 'it may try again at once and its breaker has opened: it waits, as it does after a back-off',
      policy: retrying(3),
      attempts: failed({ retryAfterMs: 0 }),
      facts: { ...facts, breaker: () => open },
      next: { name: 'wait_for_breaker', attempt: 2, failures: 1, untilMs: open.untilMs },
    },
    {
      when: 'a worker drained and its breaker has opened: it waits, and counts no failure',
      policy: retrying(1),
      attempts: failed({ code: 'shutting_down' }),
      facts: { ...facts, breaker: () => open },
      next: { name: 'wait_for_breaker', attempt: 2, failures: 0, untilMs: open.untilMs },
    },
    {
      when: 'its own time ended in silence: within_exceeded',
      policy: retrying(3, { withinMs: 5_000 }),
      attempts: attempts({ withinAtMs: NOW, latest: { name: 'silent' } }),
      next: { name: 'give_up', code: 'within_exceeded', message: 'No answer within 5000 ms.' },
    },
    {
      when: 'a wait is over: it calls',
      policy: retrying(3),
      attempts: attempts({
        attempt: 2,
        failures: 1,
        latest: { name: 'waiting', untilMs: NOW, lastCode: 'overloaded' },
      }),
      next: { name: 'call', attempt: 2, failures: 1 },
    },
    {
      when: 'a wait is not over: it waits on',
      policy: retrying(3),
      attempts: attempts({
        attempt: 2,
        failures: 1,
        latest: { name: 'waiting', untilMs: NOW + 1, lastCode: 'overloaded' },
      }),
      next: { name: 'wait', attempt: 2, failures: 1, untilMs: NOW + 1 },
    },
    {
      when: 'its time ended in a wait: it gives up with the code of the last failure',
      policy: retrying(3),
      attempts: attempts({
        withinAtMs: NOW,
        latest: { name: 'waiting', untilMs: NOW - 5, lastCode: 'overloaded' },
      }),
      next: { name: 'give_up', code: 'overloaded' },
    },
  ])('$when', (example) => {
    expect(next(example.policy, example.attempts, example.facts ?? facts)).toMatchObject(
      example.next,
    );
  });
});
