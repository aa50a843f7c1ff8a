import { setTimeout as pause } from 'node:timers/promises';
import { AmqpFleet } from './amqp-fleet.ts';
import type { TestBroker } from './broker.ts';
import { flowOf } from './flow-text.ts';
import { misbehaving } from './misbehaving-models.ts';

const SERVICE_MS = 20;
const CONCURRENCY = 4;
const CAPACITY_PER_S = (CONCURRENCY * 1_000) / SERVICE_MS;
/** Jobs are submitted in portions this far apart. */
const TICK_MS = 50;
/** Every tenth job has no time to wait for long. */
const HURRIED_MS = 1_000;
const PATIENT_MS = 120_000;

export interface OverloadReport {
  readonly jobs: number;
  /** Runs that did not succeed although they had time left. */
  readonly failedInTime: readonly string[];
  /** Runs whose time was over while they waited. */
  readonly timedOut: number;
  /** Calls made twice, made after the deadline of their run, or made for a run that did not use them. */
  readonly wasted: readonly string[];
}

/** Asks one model, over RabbitMQ, for 140 % of what it can do for a while, and for 80 % for as long; waits for every result. */
export async function overload(broker: TestBroker, forMs: number): Promise<OverloadReport> {
  const fleet = new AmqpFleet(broker);
  const begun = new Map<string, number[]>();
  const model = misbehaving(
    'busy',
    async (_, { run }) => {
      begun.set(run, [...(begun.get(run) ?? []), Date.now()]);
      await pause(SERVICE_MS);
      return { text: 'done' };
    },
    { concurrency: CONCURRENCY },
  );
  await fleet.worker(model.model);
  await fleet.coordinator([flowOf('- { step: a, model: busy }', 'deadline: 5m')]);
  const client = await fleet.client();
  const results: Promise<Ended>[] = [];
  const submit = async (number: number): Promise<Ended> => {
    const deadlineMs = number % 10 === 0 ? HURRIED_MS : PATIENT_MS;
    const deadlineAtMs = Date.now() + deadlineMs;
    const { run } = await client.run('sample', { text: `job ${number}` }, { deadlineMs });
    return {
      run: run.id,
      status: run.status,
      finishedAtMs: Date.parse(run.finishedAt),
      deadlineAtMs,
    };
  };
  for (const share of [1.4, 0.8]) {
    const endMs = performance.now() + forMs;
    while (performance.now() < endMs) {
      const portion = Math.round((CAPACITY_PER_S * share * TICK_MS) / 1_000);
      for (let count = 0; count < portion; count += 1) results.push(submit(results.length));
      await pause(TICK_MS);
    }
  }
  const ended = await Promise.all(results);
  await fleet.stop();
  return {
    jobs: ended.length,
    failedInTime: ended
      .filter(
        ({ status, finishedAtMs, deadlineAtMs }) =>
          status !== 'succeeded' && finishedAtMs < deadlineAtMs - TICK_MS,
      )
      .map(({ run, status }) => `${run} ${status}`),
    timedOut: ended.filter(({ status }) => status === 'timed_out').length,
    wasted: ended.flatMap((one) => wastedBy(one, begun.get(one.run) ?? [])),
  };
}

interface Ended {
  readonly run: string;
  readonly status: string;
  readonly finishedAtMs: number;
  readonly deadlineAtMs: number;
}

function wastedBy({ run, status, deadlineAtMs }: Ended, begun: readonly number[]): string[] {
  const problems = begun.length > 1 ? [`${run} was called ${begun.length} times`] : [];
  for (const atMs of begun) {
    if (atMs > deadlineAtMs) problems.push(`${run} was called after its deadline`);
    // What the deadline itself cuts off was not known to be in vain.
    else if (status !== 'succeeded' && atMs + 10 * SERVICE_MS < deadlineAtMs) {
      problems.push(`${run} was called for nothing`);
    }
  }
  return problems;
}
