import { runLoad } from '../load.ts';
import { serve } from '../process/serve.ts';
import { checkAnswer, type ScenarioName, scenarios } from '../scenarios.ts';
import { consume, open, publish, referenceQueue } from './queues.ts';

/** Publishes jobs and waits for their results on a queue of its own. */
const [url, name] = process.argv.slice(2) as [string, ScenarioName];
const scenario = scenarios[name];
const { channel } = await open(url, scenario);
await channel.assertQueue(referenceQueue.results, { exclusive: true, durable: false });

const waiting = new Map<string, (payload: unknown) => void>();
await consume(channel, referenceQueue.results, ({ id, payload }, ack) => {
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
  publish(channel, referenceQueue.jobs, job);
  checkAnswer(scenario, await promise);
}

serve({ load: ({ jobs, inFlight }) => runLoad(runOne, jobs, inFlight) });
