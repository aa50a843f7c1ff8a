import { runLoad } from '../load.ts';
import { serve } from '../process/serve.ts';
import { checkAnswer, type ScenarioName, scenarios } from '../scenarios.ts';
import { consume, open, openResults, publish, referenceQueue, type Shape } from './queues.ts';

/** Publishes jobs and waits for their results on a queue of its own. */
const [url, name, shape] = process.argv.slice(2) as [string, ScenarioName, Shape];
const scenario = scenarios[name];
const channels = await open(url, shape);
await openResults(channels);

const waiting = new Map<string, (payload: unknown) => void>();
await consume(channels, referenceQueue.results, ({ id, payload }, ack) => {
  ack();
  waiting.get(id)?.(payload);
  waiting.delete(id);
});

let submitted = 0;
async function runOne(): Promise<void> {
  const id = `job-${submitted++}`;
  const { promise, resolve } = Promise.withResolvers<unknown>();
  waiting.set(id, resolve);
  const { payload } = scenario;
  const job = { id, timestamp: new Date().toISOString(), payload, context: {} };
  publish(channels, referenceQueue.jobs, job);
  checkAnswer(scenario, await promise);
}

serve({ load: ({ jobs, inFlight }) => runLoad(runOne, jobs, inFlight) });
