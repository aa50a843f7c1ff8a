import type { FlowJob } from 'bullmq';
import type { Scenario } from '../../scenarios.ts';

export const connection = { host: '127.0.0.1', port: 6379 };

/** Gathers what several children gave. */
const JOIN = 'join';

/** The queue of the job that ends a flow. */
export function rootQueue({ rounds }: Scenario): string {
  const last = rounds.at(-1) as readonly string[];
  return last.length > 1 ? JOIN : (last[0] as string);
}

export function queuesOf(scenario: Scenario): readonly string[] {
  return [...new Set([...scenario.models, rootQueue(scenario)])];
}

/** The tree of jobs that does a scenario: a job waits for its children, as a step waits for the one before it. */
export function flowOf(scenario: Scenario, jobId: string): FlowJob {
  const job = (queueName: string, children: FlowJob[]): FlowJob => ({
    name: queueName,
    queueName,
    data: scenario.payload,
    opts: { removeOnComplete: true },
    ...(children.length > 0 ? { children } : {}),
  });
  let before: FlowJob[] = [];
  for (const models of scenario.rounds) before = models.map((model) => job(model, before));
  const [only, ...others] = before;
  const root = only && others.length === 0 ? only : job(JOIN, before);
  return { ...root, opts: { ...root.opts, jobId } };
}
