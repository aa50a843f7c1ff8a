import { serve } from '../process/serve.ts';
import { type ScenarioName, scenarios } from '../scenarios.ts';
import { consume, open, publish, referenceQueue } from './queues.ts';

/** Serves all models of the scenario: request → reply. Confirm before ack, one ack each. */
const [url, name] = process.argv.slice(2) as [string, ScenarioName];
const scenario = scenarios[name];
const { channel } = await open(url, scenario);

for (const model of scenario.models) {
  await consume(channel, referenceQueue.work(model), (request, ack) => {
    const { n } = request.payload as { n: number };
    publish(channel, referenceQueue.replies, { ...request, payload: { n: n + 1 } }, ack);
  });
}

serve();
