import type { JsonValue } from '../../../shared/envelope/json.ts';
import { serve } from '../process/serve.ts';
import { type ScenarioName, scenarios } from '../scenarios.ts';
import {
  consume,
  open,
  publish,
  type ReferenceBody,
  referenceQueue,
  type Shape,
} from './queues.ts';

/** Job → requests; the last reply of a round → the next round or the result. Confirm before ack, one ack each. */
const [url, name, shape] = process.argv.slice(2) as [string, ScenarioName, Shape];
const scenario = scenarios[name];
const channels = await open(url, shape);

interface Gathering {
  readonly outputs: JsonValue[];
  missing: number;
}

/** Rounds of several requests, by job. Kept in memory: bare means that a crash forgets them. */
const gatherings = new Map<string, Gathering>();

function ask(body: ReferenceBody, round: number, input: JsonValue, ack: () => void): void {
  const models = scenario.rounds[round] as readonly string[];
  if (models.length > 1) gatherings.set(body.id, { outputs: [], missing: models.length });
  const elements = (input as { numbers?: readonly number[] }).numbers;
  let unconfirmed = models.length;
  for (const [part, model] of models.entries()) {
    const payload = elements ? { n: elements[part] as number } : input;
    publish(channels, referenceQueue.work(model), { ...body, round, part, payload }, () => {
      unconfirmed -= 1;
      if (unconfirmed === 0) ack();
    });
  }
}

/** What a round gave, or undefined while replies are missing. */
function gathered({ id, payload, round = 0, part = 0 }: ReferenceBody): JsonValue | undefined {
  if ((scenario.rounds[round] as readonly string[]).length === 1) return payload;
  const gathering = gatherings.get(id);
  if (!gathering) throw new Error('a reply to no job');
  gathering.outputs[part] = (payload as { n: number }).n;
  gathering.missing -= 1;
  if (gathering.missing > 0) return undefined;
  gatherings.delete(id);
  return { numbers: gathering.outputs };
}

await consume(channels, referenceQueue.jobs, (job, ack) => ask(job, 0, job.payload, ack));

await consume(channels, referenceQueue.replies, (reply, ack) => {
  const output = gathered(reply);
  if (output === undefined) return ack();
  const next = (reply.round ?? 0) + 1;
  if (next < scenario.rounds.length) return ask(reply, next, output, ack);
  publish(channels, referenceQueue.results, { ...reply, payload: output }, ack);
});

serve();
