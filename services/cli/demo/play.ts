import type { Fleet } from '../../fleet/fleet.ts';
import type { RunHistory } from '../input/run-history.ts';
import type { Report, Summary } from './report.ts';
import type { SampleJob } from './samples.ts';

/** Jobs that run at a time: enough to show that they do, few enough to follow. */
const AT_A_TIME = 4;

export interface Play {
  readonly fleet: Fleet;
  readonly history: RunHistory;
  readonly report: Report;
}

/** Runs the jobs, a few at a time, and reports each. Rejects only when a result cannot be had at all. */
export async function play(
  jobs: readonly SampleJob[],
  { fleet, history, report }: Play,
): Promise<Omit<Summary, 'ms'>> {
  const waiting = jobs.values();
  let succeeded = 0;
  let modelCalls = 0;
  const runOne = async (job: SampleJob): Promise<void> => {
    const { flow, flowVersion, payload, context } = job;
    const version = flowVersion === undefined ? {} : { flowVersion };
    const { run } = await fleet.client.submit(flow, payload, { context, ...version });
    history.follow(run, (line) => report.history(job, line));
    const result = await fleet.client.result(run);
    if (result.run.status === 'succeeded') succeeded += 1;
    modelCalls += result.run.usage.calls;
    report.finished(job, result);
  };
  // Each lane takes the next job that nobody has taken.
  const lane = async (): Promise<void> => {
    for (const job of waiting) await runOne(job);
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, lane));
  return { runs: jobs.length, succeeded, failed: jobs.length - succeeded, modelCalls };
}
