import type { JsonObject } from '../../../shared/envelope/json.ts';
import { message } from '../../../shared/envelope/message.ts';
import { openDelivery } from '../../../shared/envelope/open-delivery.ts';
import { describe } from '../../../shared/errors/describe.ts';
import { ContractError, ShutdownError, UnprocessableError } from '../../../shared/errors/errors.ts';
import type { Logger } from '../../../shared/telemetry/logger.ts';
import { logRefused } from '../../../shared/telemetry/refusal-log.ts';
import { exchange, queue, routingKey } from '../../../shared/transport/topology.ts';
import type { Delivery, OutgoingMessage } from '../../../shared/transport/transport.ts';
import type { Access } from '../access/access.ts';
import { mayAsk } from '../access/grant.ts';
import { outgoingOf } from '../messages.ts';
import { parkedRow } from '../parked.ts';
import { StoreUnavailableError } from '../store/store.ts';
import type { ActingContext } from './operation.ts';
import { operations } from './table.ts';

export interface OperationsOptions extends Omit<ActingContext, 'id' | 'client' | 'tenant'> {
  readonly access: Access;
  readonly logger: Logger;
}

/**
 * Answers a batch of operations; resolves when the answers are with the broker. The verb is the routing key; the answer has
 * the operation's id and goes to `operation.<status>.<client>`. What cannot be read is parked.
 */
export async function answerOperations(
  deliveries: readonly Delivery[],
  options: OperationsOptions,
): Promise<void> {
  const answers: OutgoingMessage[] = [];
  for (const delivery of deliveries) answers.push(await answer(delivery, options));
  await options.transport.publish(answers);
}

async function answer(delivery: Delivery, options: OperationsOptions): Promise<OutgoingMessage> {
  const { access, logger, now } = options;
  const verb = delivery.routingKey;
  try {
    const caller = access.callerOf(delivery);
    const { client, tenant, grant } = caller;
    const { id, payload } = openDelivery('operation', delivery, { nowMs: now() });
    const reply = (status: 'succeeded' | 'failed', body: JsonObject) =>
      message({
        type: 'answer',
        exchange: exchange.results,
        routingKey: routingKey.answer(status, client),
        correlationId: delivery.correlationId ?? id,
        envelope: { id, timestamp: new Date(now()).toISOString(), payload: body, context: {} },
      });
    try {
      const operation = operations.get(verb);
      if (!operation) throw new ContractError('verb_unknown', `No operation is named ${verb}.`);
      mayAsk(client, grant, verb);
      access.count(caller);
      const answered = await operation.run(payload, { ...options, id, client, tenant });
      // It is JSON; an interface says less than that.
      return reply('succeeded', answered as JsonObject);
    } catch (error) {
      // Another process will answer it.
      if (error instanceof ShutdownError) throw error;
      if (error instanceof StoreUnavailableError) logger.warn({ verb, code: error.code }, verb);
      const { code, message: sentence } = describe(error);
      return reply('failed', { code, message: sentence });
    }
  } catch (error) {
    if (!(error instanceof UnprocessableError)) throw error;
    const refused = { what: 'operation refused', queue: queue.operations };
    logRefused(logger, { ...refused, code: error.code, verb }, error.message);
    return outgoingOf(parkedRow(delivery, error, now()));
  }
}
