import type { Outcome, Request } from '../../shared/envelope/envelope.ts';
import { header } from '../../shared/envelope/headers.ts';
import { messageIdOf, newId } from '../../shared/envelope/ids.ts';
import type { JsonObject } from '../../shared/envelope/json.ts';
import { message } from '../../shared/envelope/message.ts';
import { openDelivery } from '../../shared/envelope/open-delivery.ts';
import {
  controlQueueName,
  exchange,
  routingKey,
  workQueueName,
} from '../../shared/transport/topology.ts';
import type { OutgoingMessage, Subscription, Transport } from '../../shared/transport/transport.ts';

/** What a scripted worker does with a request: answers, fails with a code, or keeps silent (undefined). */
export type Script = (
  request: Request,
) => JsonObject | { readonly fail: string } | undefined | Promise<JsonObject | undefined>;

export interface ScriptedWorker {
  /** Every request that arrived, in order. */
  readonly requests: readonly Request[];
  close(): Promise<void>;
}

/** The reply to a request, as a worker publishes it. */
export function replyTo(
  request: Request,
  payload: JsonObject,
  { context = {}, ...outcome }: Partial<Outcome> & { readonly context?: JsonObject } = {},
): OutgoingMessage {
  const { step } = request;
  const status = outcome.status ?? 'succeeded';
  const at = new Date().toISOString();
  return message({
    type: 'reply',
    exchange: exchange.replies,
    routingKey: routingKey.reply(step.model, status),
    correlationId: step.run,
    headers: { [header.schemaVersion]: 1 },
    envelope: {
      id: messageIdOf(step.run, step.path, step.attempt, 'reply'),
      timestamp: at,
      payload,
      context,
      step,
      outcome: { status, startedAt: at, finishedAt: at, worker: 'scripted', ...outcome },
    },
  });
}

/** A worker that a test controls: it announces a model and answers as the script says, one message at a time. */
export async function scriptedWorker(
  transport: Transport,
  model: string,
  script: Script,
  announced: JsonObject = {},
): Promise<ScriptedWorker> {
  const requests: Request[] = [];
  const ready = Promise.withResolvers<Subscription>();
  await transport.declareWorkQueue(model, 1);
  const work = await transport.consume(workQueueName(model, 1), {
    prefetch: 50,
    onBatch: async (deliveries) => {
      const subscription = await ready.promise;
      for (const delivery of deliveries) {
        const request = openDelivery('request', delivery);
        requests.push(request);
        const answer = await script(request);
        if (answer !== undefined) await transport.publish([asReply(request, answer)]);
        subscription.settle([delivery], 'ack');
      }
    },
  });
  ready.resolve(work);
  const announce = async () => void (await transport.publish([announcement(model, 1, announced)]));
  const asked = await transport.consumeExclusive(
    {
      name: controlQueueName(model, newId()),
      bindings: [{ exchange: exchange.control, routingKey: routingKey.ask(model) }],
    },
    { prefetch: 10, onBatch: announce },
  );
  await announce();
  return {
    requests,
    async close() {
      await work.close();
      await asked.close();
    },
  };
}

/** What a worker of that model says of itself. */
export function announcement(
  model: string,
  version = 1,
  announced: JsonObject = {},
): OutgoingMessage {
  return message({
    type: 'control',
    exchange: exchange.control,
    routingKey: routingKey.announced(model),
    envelope: {
      id: newId(),
      timestamp: new Date().toISOString(),
      payload: {
        name: model,
        version,
        description: 'A model of a test.',
        inputSchema: {},
        outputSchema: {},
        concurrency: 10,
        instance: 'scripted',
        ...announced,
      },
      context: {},
    },
  });
}

function asReply(
  request: Request,
  answer: JsonObject | { readonly fail: string },
): OutgoingMessage {
  if (!('fail' in answer) || typeof answer.fail !== 'string') {
    return replyTo(request, answer as JsonObject);
  }
  const failure = { code: answer.fail, message: 'As the test wants it.', retryable: false };
  return replyTo(request, {}, { status: 'failed', ...failure });
}
