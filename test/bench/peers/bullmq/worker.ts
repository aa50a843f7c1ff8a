import { type Job, Worker } from 'bullmq';
import { serve } from '../../process/serve.ts';
import { type ScenarioName, scenarios } from '../../scenarios.ts';
import { connection, queuesOf } from './flow.ts';

/** Serves all queues of the scenario, 200 jobs of each at a time, as our worker does. */
const [prefix, name] = process.argv.slice(2) as [string, ScenarioName];
const CONCURRENCY = 200;

async function work(job: Job): Promise<object> {
  const values = Object.values(await job.getChildrenValues<{ n: number }>());
  if (values.length > 1) return { numbers: values.map(({ n }) => n) };
  return { n: (values[0]?.n ?? job.data.n) + 1 };
}

for (const queue of queuesOf(scenarios[name])) {
  const worker = new Worker(queue, work, { connection, prefix, concurrency: CONCURRENCY });
  worker.on('error', (error) => {
    throw error;
  });
  await worker.waitUntilReady();
}

serve();
