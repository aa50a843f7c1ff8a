import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Outcome, Usage } from '../../../shared/envelope/envelope.ts';
import type { CompiledFlow } from '../../../shared/flow/kernel.ts';
import { checkedDecide } from '../../support/checked-decide.ts';
import { hashOf, randomFlows } from '../../support/random-flows.ts';
import { type Dispatch, RunDriver } from '../../support/run-driver.ts';

/** Every property runs this many random flows. */
const RUNS = 200;
/** More events than this with no reply at all: the run will never end. */
const MAX_TIMERS = 2_000;

interface Action {
  readonly does:
    | 'reply'
    | 'repeat'
    | 'answer_closed'
    | 'answer_unknown'
    | 'timer'
    | 'due'
    | 'jump'
    | 'lose_transport'
    | 'cancel';
  readonly which: number;
}

const action: fc.Arbitrary<Action> = fc.record({
  does: fc.oneof(
    { weight: 30, arbitrary: fc.constant('reply' as const) },
    { weight: 5, arbitrary: fc.constant('repeat' as const) },
    { weight: 5, arbitrary: fc.constant('answer_closed' as const) },
    {
      weight: 4,
      arbitrary: fc.constantFrom('answer_unknown' as const, 'timer' as const, 'due' as const),
    },
    { weight: 2, arbitrary: fc.constantFrom('jump' as const, 'lose_transport' as const) },
  ),
  which: fc.nat(),
});

const cancelling = fc.oneof(
  { weight: 40, arbitrary: action },
  { weight: 1, arbitrary: fc.constant<Action>({ does: 'cancel', which: 0 }) },
);

describe('whatever happens to a random flow', () => {
  it('ends once, counts each reply once, and stays as it ended', () => {
    const flows = randomFlows({ onlyAll: false });
    fc.assert(
      fc.property(flows, fc.array(cancelling, { maxLength: 60 }), (flow, actions) => {
        const scheduler = new Scheduler(flow);
        for (const each of actions) scheduler.act(each);
        scheduler.letTimePass();
        const { driver, usage } = scheduler;
        expect(driver.results).toHaveLength(1);
        expect(driver.run.usage).toEqual(usage);
        const ended = driver.run;
        expect(ended.dueMs).toBeNull();
        for (const each of actions) scheduler.act(each);
        expect(driver.run).toEqual(ended);
        expect(driver.results).toHaveLength(1);
      }),
      { numRuns: RUNS },
    );
  });

  it('ends by its deadline when nobody answers', () => {
    fc.assert(
      fc.property(randomFlows({ onlyAll: false }), (flow) => {
        const scheduler = new Scheduler(flow);
        scheduler.letTimePass();
        const { run } = scheduler.driver;
        expect(run.finishedAtMs).toBeLessThanOrEqual(run.deadlineMs);
      }),
      { numRuns: RUNS },
    );
  });

  it('sends each attempt the same request however often it is published', () => {
    const flows = randomFlows({ onlyAll: false });
    fc.assert(
      fc.property(flows, fc.array(action, { maxLength: 60 }), (flow, actions) => {
        const scheduler = new Scheduler(flow);
        for (const each of actions) scheduler.act(each);
        const requests = new Map<string, Dispatch>();
        for (const request of scheduler.driver.dispatches) {
          const key = `${request.path}#${request.attempt}`;
          expect(request).toEqual(requests.get(key) ?? request);
          requests.set(key, request);
        }
      }),
      { numRuns: RUNS },
    );
  });

  it('has one result for every order of replies when all joins need all', () => {
    const flows = randomFlows({ onlyAll: true });
    const orders = fc.array(action, { minLength: 1, maxLength: 80 });
    fc.assert(
      fc.property(flows, orders, orders, (flow, one, another) => {
        const [a, b] = [resultOf(flow, one), resultOf(flow, another)];
        expect(a.status).toEqual(b.status);
        if (a.status === 'succeeded') expect(a).toEqual(b);
      }),
      { numRuns: RUNS },
    );
  });
});

/** The result of a flow whose replies all come in the end. */
function resultOf(flow: CompiledFlow, actions: readonly Action[]) {
  const scheduler = new Scheduler(flow);
  for (const each of actions) scheduler.act(each);
  for (let turn = 0; scheduler.driver.run.finishedAtMs === null; turn += 1) {
    const waiting = scheduler.driver.openCalls.length === 0;
    scheduler.act(waiting ? { does: 'due', which: 0 } : (actions[turn % actions.length] as Action));
    if (turn % actions.length === 0) scheduler.act({ does: 'reply', which: turn });
  }
  const { run, result, dispatches } = scheduler.driver;
  const requests = new Map(dispatches.map((each) => [`${each.path}#${each.attempt}`, each]));
  const { status, payload } = result;
  const { usage, degraded, missing } = run;
  return { status, payload, usage, degraded, missing, requests };
}

/** Plays the workers, the broker and the clock. An attempt's answer depends on its path and number alone. */
class Scheduler {
  readonly driver: RunDriver;
  usage: Usage = { calls: 0, inputTokens: 0, outputTokens: 0, microUsd: 0, computeMs: 0 };
  readonly #answered: { readonly path: string; readonly attempt: number }[] = [];

  constructor(flow: CompiledFlow) {
    this.driver = new RunDriver(flow, { decide: checkedDecide });
    this.driver.accept();
  }

  act({ does, which }: Action): void {
    const { driver } = this;
    switch (does) {
      case 'reply':
        this.#reply(one(driver.openCalls, which));
        return;
      case 'repeat':
        this.#reply(one(this.#answered, which));
        return;
      case 'answer_closed': {
        const [path, attempt] = one(driver.run.closed, which)?.split(/[#@]/) ?? [];
        if (path !== undefined) this.#reply({ path, attempt: Number(attempt) });
        return;
      }
      case 'answer_unknown':
        this.#tell(`nowhere/n${which}`, 1);
        return;
      case 'timer':
        driver.tell({ type: 'timerDue' });
        return;
      case 'due':
        if (driver.run.dueMs !== null) driver.timeToDue();
        return;
      case 'jump':
        driver.timeAt(driver.nowMs + (which % 20_000));
        return;
      case 'lose_transport':
        driver.tell({ type: 'transportLost' });
        return;
      case 'cancel':
        driver.tell({ type: 'cancelled', reason: 'Not needed any more.' });
    }
  }

  /** Nobody answers any more: only time goes on. */
  letTimePass(): void {
    for (let timers = 0; this.driver.run.finishedAtMs === null; timers += 1) {
      if (timers > MAX_TIMERS) throw new Error('The run stays open although its timers fire.');
      this.driver.timeToDue();
    }
  }

  #reply(attempt: { readonly path: string; readonly attempt: number } | undefined): void {
    if (attempt === undefined) return;
    const first = !this.#answered.some(
      (known) => known.path === attempt.path && known.attempt === attempt.attempt,
    );
    if (first && this.driver.run.finishedAtMs === null) {
      this.#answered.push({ path: attempt.path, attempt: attempt.attempt });
      this.usage = sumOf(this.usage, usageOf(attempt.path, attempt.attempt));
    }
    this.#tell(attempt.path, attempt.attempt);
  }

  #tell(path: string, attempt: number): void {
    const kind = hashOf(`${path}#${attempt}`) % 10;
    const usage = usageOf(path, attempt);
    if (kind < 7) {
      const patch = kind < 4 ? { [`key${kind % 2}`]: path } : {};
      this.driver.reply(
        path,
        { status: 'succeeded', usage },
        { attempt, patch, output: { path, attempt } },
      );
      return;
    }
    const code = kind === 7 ? 'shutting_down' : 'overloaded';
    const failed: Partial<Outcome> = { code, message: 'Not now.', retryable: kind < 9, usage };
    this.driver.reply(path, { status: 'failed', ...failed }, { attempt });
  }
}

function one<T>(choices: readonly T[], which: number): T | undefined {
  return choices[which % Math.max(1, choices.length)];
}

function usageOf(path: string, attempt: number): Usage {
  const size = hashOf(`${path}|${attempt}`) % 1_000;
  return { calls: 1, inputTokens: size, outputTokens: 2 * size, microUsd: 3, computeMs: size };
}

function sumOf(a: Usage, b: Usage): Usage {
  return {
    calls: a.calls + b.calls,
    inputTokens: a.inputTokens + b.inputTokens,
    outputTokens: a.outputTokens + b.outputTokens,
    microUsd: a.microUsd + b.microUsd,
    computeMs: a.computeMs + b.computeMs,
  };
}
