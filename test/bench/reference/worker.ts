import { serve } from '../process/serve.ts';
import { type ScenarioName, scenarios } from '../scenarios.ts';
import { consume, open, publish, referenceQueue, type Shape } from './queues.ts';

/** Serves all models of the scenario: request → reply. Confirm before ack, one ack each. */
const [url, name, shape] = process.argv.slice(2) as [string, ScenarioName, Shape];
const scenario = scenarios[name];
const channels = await open(url, shape);

for (const model of scenario.models) {
  await consume(channels, referenceQueue.work(model), (request, ack) => {
    const { n } = request.payload as { n: number };
    publish(channels, referenceQueue.replies, { ...request, payload: { n: n + 1 } }, ack);
  });
}

serve();
