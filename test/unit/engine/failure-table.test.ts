import { describe, expect, it } from 'vitest';
import type { ModelFacts } from '../../../services/coordinator/engine/decision.ts';
import { noUsage } from '../../../services/coordinator/engine/usage.ts';
import type { Outcome } from '../../../shared/envelope/envelope.ts';
import type { BreakerPolicy, Budget, Rung, StepPolicy } from '../../../shared/flow/kernel.ts';
import {
  call,
  constant,
  flowOf,
  policy,
  retrying,
  sequence,
  valueAt,
} from '../../support/kernel-builders.ts';
import { RunDriver, type RunDriverOptions } from '../../support/run-driver.ts';

/**
 * Each kind of failure under each policy. A cell says who served the step (`echo` is its own model), or `fails` where it failed
 * with the code of that kind, or else the code; then how often `echo` was called, and behind a plus how often another model.
 */

const breaker: BreakerPolicy = {
  failureRate: 0.5,
  slowRate: 1,
  minCalls: 20,
  windowMs: 30_000,
  openMs: 15_000,
  probes: 2,
};
const other: Rung = { model: 'other', input: valueAt('$payload') };
const apology = { value: constant({ text: 'Sorry.' }) };
const stale = { onFailure: { staleMs: 60_000 } };

interface Column {
  readonly policy: Partial<StepPolicy>;
  /** The same was asked a second ago, and answered. */
  readonly answeredBefore?: true;
}

/** By their names in the tables. */
const columns: Readonly<Record<string, Column>> = {
  none: { policy: {} },
  '3 attempts': { policy: retrying(3) },
  fallback: { policy: { fallback: [other] } },
  default: { policy: { onFailure: apology } },
  'stale, kept': { policy: stale, answeredBefore: true },
  'stale, none': { policy: stale },
  '2 re-asks': { policy: { reask: 2 } },
  onOpen: { policy: { onOpen: apology } },
};

interface Kind {
  /** With which the step fails, or why it is degraded. */
  readonly code: string;
  /** What `echo` answers each time, or the first time; left out: nothing at all. */
  readonly answers?: Partial<Outcome>;
  /** Time that passes before its answer. */
  readonly afterMs?: number;
  readonly policy?: Partial<StepPolicy>;
  readonly budget?: Budget;
  readonly options?: RunDriverOptions;
}

const cost = (microUsd: number) => () => ({
  checkInput: () => [],
  checkOutput: () => [],
  estimate: { ...noUsage, calls: 1, microUsd },
});
const announced: ModelFacts = { versions: [1], concurrency: 1, openRequests: 0 };

const failed = (code: string, more: Partial<Outcome> = {}): Kind => ({
  code,
  answers: { code, message: 'As the table wants it.', retryable: true, ...more },
});
const final = { retryable: false };

const kinds: Readonly<Record<string, Kind>> = {
  'a failure that may pass': failed('overloaded'),
  'a failure that is final': failed('content_refused', final),
  'an output of the wrong shape': failed('output_invalid', final),
  'an output that is too large': failed('message_too_large', final),
  'a call that takes too long': failed('timeout'),
  'a provider that says when to come back': failed('rate_limited', { retryAfterMs: 7_000 }),
  'a provider that asks for more time than there is': failed('rate_limited', {
    retryAfterMs: 600_000,
  }),
  'a request that kills its workers': failed('delivery_limit', { worker: 'broker' }),
  'a request that nobody took in time': failed('expired', { worker: 'broker' }),
  'a request that a consumer refused': failed('rejected', { worker: 'broker' }),
  'a worker that stops': failed('shutting_down'),
  'a worker that reads the deadline of the run': {
    ...failed('deadline_exceeded', final),
    afterMs: 300_000,
  },
  'a worker that reads the end of the time of the step': {
    code: 'within_exceeded',
    answers: { code: 'deadline_exceeded', retryable: false },
    policy: { withinMs: 20_000 },
  },
  'silence beyond the time of the step': {
    code: 'within_exceeded',
    policy: { withinMs: 20_000 },
  },
  'silence to the end': { code: 'deadline_exceeded' },
  'an open breaker': {
    code: 'breaker_open',
    options: {
      breaker: (model, _, untilMs = Date.parse('2026-01-02T00:00:00Z')) =>
        model === 'echo' ? { callable: 0, untilMs } : { callable: Infinity, untilMs: 0 },
    },
  },
  'a budget that does not allow the call': {
    code: 'budget_exceeded',
    budget: { microUsd: 50, onExceeded: 'fail' },
    options: {
      model: (name) => ({ ...announced, contract: cost(name === 'echo' ? 100 : 10) }),
    },
  },
  'an input that the model would refuse': {
    code: 'input_invalid',
    options: {
      model: (name) => {
        const checkInput = () => (name === 'echo' ? ['/text: is too long'] : []);
        return { ...announced, contract: () => ({ ...cost(1)(), checkInput }) };
      },
    },
  },
  'a model that nobody has announced': {
    code: 'model_unavailable',
    options: { model: (name) => (name === 'echo' ? undefined : announced) },
  },
};

const always = `
                                                    | none                | 3 attempts          | fallback  | default   | stale, kept | stale, none | 2 re-asks           | onOpen
a failure that may pass                             | fails 1             | fails 3             | other 1+1 | default 1 | stale 1     | fails 1     | fails 1             | fails 1
a failure that is final                             | fails 1             | fails 1             | other 1+1 | default 1 | stale 1     | fails 1     | fails 1             | fails 1
an output of the wrong shape                        | fails 1             | fails 1             | other 1+1 | default 1 | stale 1     | fails 1     | fails 3             | fails 1
an output that is too large                         | fails 1             | fails 1             | other 1+1 | default 1 | stale 1     | fails 1     | fails 1             | fails 1
a call that takes too long                          | fails 1             | fails 3             | other 1+1 | default 1 | stale 1     | fails 1     | fails 1             | fails 1
a provider that says when to come back              | fails 1             | fails 3             | other 1+1 | default 1 | stale 1     | fails 1     | fails 1             | fails 1
a provider that asks for more time than there is    | fails 1             | fails 1             | other 1+1 | default 1 | stale 1     | fails 1     | fails 1             | fails 1
a request that kills its workers                    | fails 1             | fails 3             | other 1+1 | default 1 | stale 1     | fails 1     | fails 1             | fails 1
a request that nobody took in time                  | fails 1             | fails 3             | other 1+1 | default 1 | stale 1     | fails 1     | fails 1             | fails 1
a request that a consumer refused                   | fails 1             | fails 3             | other 1+1 | default 1 | stale 1     | fails 1     | fails 1             | fails 1
a worker that reads the deadline of the run         | fails 1             | fails 1             | fails 1   | fails 1   | fails 1     | fails 1     | fails 1             | fails 1
a worker that reads the end of the time of the step | fails 1             | fails 1             | fails 1   | default 1 | stale 1     | fails 1     | fails 1             | fails 1
silence beyond the time of the step                 | fails 1             | fails 1             | fails 1   | default 1 | stale 1     | fails 1     | fails 1             | fails 1
silence to the end                                  | fails 1             | fails 1             | fails 1   | fails 1   | fails 1     | fails 1     | fails 1             | fails 1
an open breaker                                     | deadline_exceeded 0 | deadline_exceeded 0 | other 0+1 | default 0 | stale 0     | fails 0     | deadline_exceeded 0 | default 0
a budget that does not allow the call               | fails 0             | fails 0             | other 0+1 | default 0 | stale 0     | fails 0     | fails 0             | fails 0
an input that the model would refuse                | fails 0             | fails 0             | other 0+1 | default 0 | stale 0     | fails 0     | fails 0             | fails 0
a model that nobody has announced                   | fails 0             | fails 0             | fails 0   | fails 0   | fails 0     | fails 0     | fails 0             | fails 0
`;
const once = `
                                                 | none    | 3 attempts | fallback  | default   | stale, kept | stale, none | 2 re-asks | onOpen
a failure that may pass                          | fails 1 | echo 2     | other 1+1 | default 1 | stale 1     | fails 1     | fails 1   | fails 1
a failure that is final                          | fails 1 | fails 1    | other 1+1 | default 1 | stale 1     | fails 1     | fails 1   | fails 1
an output of the wrong shape                     | fails 1 | fails 1    | other 1+1 | default 1 | stale 1     | fails 1     | echo 2    | fails 1
an output that is too large                      | fails 1 | fails 1    | other 1+1 | default 1 | stale 1     | fails 1     | fails 1   | fails 1
a call that takes too long                       | fails 1 | echo 2     | other 1+1 | default 1 | stale 1     | fails 1     | fails 1   | fails 1
a provider that says when to come back           | fails 1 | echo 2     | other 1+1 | default 1 | stale 1     | fails 1     | fails 1   | fails 1
a provider that asks for more time than there is | fails 1 | fails 1    | other 1+1 | default 1 | stale 1     | fails 1     | fails 1   | fails 1
a request that kills its workers                 | fails 1 | echo 2     | other 1+1 | default 1 | stale 1     | fails 1     | fails 1   | fails 1
a request that nobody took in time               | fails 1 | echo 2     | other 1+1 | default 1 | stale 1     | fails 1     | fails 1   | fails 1
a request that a consumer refused                | fails 1 | echo 2     | other 1+1 | default 1 | stale 1     | fails 1     | fails 1   | fails 1
a worker that stops                              | echo 2  | echo 2     | echo 2    | echo 2    | echo 2      | echo 2      | echo 2    | echo 2
`;

/** The lines of a table: a kind of failure, and what it comes to under each policy. */
function rowsOf(table: string): readonly (readonly [string, string])[] {
  const [[, ...names] = [], ...rows] = table
    .trim()
    .split('\n')
    .map((line) => line.split('|').map((cell) => cell.trim()));
  expect(names).toEqual(Object.keys(columns));
  return rows.map(([name = '', ...results]) => [name, results.join(' | ')]);
}

/** Plays a kind of failure so many times; whoever is asked beside or after that answers well. */
function play(kind: Kind, { policy: column, answeredBefore }: Column, times: number): RunDriver {
  const step = call('a', { policy: policy({ breaker, ...kind.policy, ...column }) });
  const body = sequence(step);
  const before = new RunDriver(flowOf(body));
  if (answeredBefore) {
    before.accept();
    before.succeed('a', { text: 'Yesterday.' });
  }
  const { budget } = kind;
  const flow = flowOf(body, { output: valueAt('a'), ...(budget ? { budget } : {}) });
  const driver = new RunDriver(flow, { jobId: 'job-2', answers: before.answers, ...kind.options });
  driver.nowMs += 1_000;
  driver.accept();
  let left = times;
  while (driver.run.finishedAtMs === null) {
    const [open] = driver.openCalls;
    const fails = open?.phase.model === 'echo' && left > 0;
    if (open === undefined || (fails && kind.answers === undefined)) driver.timeToDue();
    else if (fails) {
      driver.nowMs += kind.afterMs ?? 0;
      driver.failWith('a', kind.answers ?? {});
    } else driver.succeed('a', { text: 'Hello.' });
    if (fails) left -= 1;
  }
  return driver;
}

/** What happened, as a cell. */
function cellOf(driver: RunDriver, { code }: Kind): string {
  const dispatched = driver.history.filter(({ type }) => type === 'attempt_dispatched');
  const called = (model: string) =>
    dispatched.filter(({ facts }) => facts?.['model'] === model).length;
  const failure = driver.run.error?.code;
  const [servedBy = failure === code ? 'fails' : failure] = driver.run.steps['a']?.servedBy ?? [];
  const others = called('other');
  return `${servedBy?.replace('@1', '')} ${called('echo')}${others > 0 ? `+${others}` : ''}`;
}

describe.each([
  ['each time', always, Infinity],
  ['once', once, 1],
] as const)('the ladder of a step that meets, %s,', (_, table, times) => {
  it.each(rowsOf(table))('%s', (name, cells) => {
    const kind = kinds[name] ?? raise(name);
    const drivers = Object.values(columns).map((column) => play(kind, column, times));
    expect(drivers.map((driver) => cellOf(driver, kind)).join(' | ')).toBe(cells);
    for (const { run } of drivers) {
      const [by = ''] = run.steps['a']?.servedBy ?? [];
      expect(run.status).toBe(statusOf(by, run.error?.code));
      const why = { 'other@1': 'fallback', default: 'default', stale: 'stale' }[by];
      const { code } = kind;
      const age = why === 'stale' ? { ageMs: expect.any(Number) } : {};
      expect(run.steps['a']?.degraded).toEqual(why && [{ why, code, ...age }]);
      expect(run.degraded).toEqual(why === undefined ? [] : ['a']);
    }
  });
});

function raise(name: string): never {
  throw new Error(`Nobody says what "${name}" is.`);
}

function statusOf(servedBy: string, code: string | undefined): string {
  if (servedBy !== '') return 'succeeded';
  return code === 'deadline_exceeded' ? 'timed_out' : 'failed';
}
