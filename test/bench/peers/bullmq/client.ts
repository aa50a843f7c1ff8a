import { FlowProducer, QueueEvents } from 'bullmq';
import { runLoad } from '../../load.ts';
import { serve } from '../../process/serve.ts';
import { checkAnswer, type ScenarioName, scenarios } from '../../scenarios.ts';
import { connection, flowOf, rootQueue } from './flow.ts';

/** Adds flows and hears of their ends. */
const [prefix, name] = process.argv.slice(2) as [string, ScenarioName];
const scenario = scenarios[name];
const producer = new FlowProducer({ connection, prefix });
const events = new QueueEvents(rootQueue(scenario), { connection, prefix });
await events.waitUntilReady();
await producer.waitUntilReady();

const waiting = new Map<string, PromiseWithResolvers<unknown>>();
events.on('completed', ({ jobId, returnvalue }) => {
  waiting.get(jobId)?.resolve(returnvalue);
  waiting.delete(jobId);
});
events.on('failed', ({ jobId, failedReason }) =>
  waiting.get(jobId)?.reject(new Error(failedReason)),
);

let submitted = 0;
async function runOne(): Promise<void> {
  const id = `job-${submitted++}`;
  const ended = Promise.withResolvers<unknown>();
  waiting.set(id, ended);
  await producer.add(flowOf(scenario, id));
  checkAnswer(scenario, await ended.promise);
}

serve({ load: ({ jobs, inFlight }) => runLoad(runOne, jobs, inFlight) });
