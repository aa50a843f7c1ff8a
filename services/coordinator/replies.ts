import type { Outcome } from '../../shared/envelope/envelope.ts';
import type { JsonObject } from '../../shared/envelope/json.ts';
import { openDelivery } from '../../shared/envelope/open-delivery.ts';
import { describe } from '../../shared/errors/describe.ts';
import { UnprocessableError } from '../../shared/errors/errors.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';
import { logRefused } from '../../shared/telemetry/refusal-log.ts';
import { queue, routingKey } from '../../shared/transport/topology.ts';
import type { Delivery } from '../../shared/transport/transport.ts';
import { checkBrought } from './artifacts/own-references.ts';
import type { Run } from './engine/run.ts';
import { parkedRow, parkTask } from './parked.ts';
import type { Task } from './transition.ts';

interface Answer {
  readonly payload: JsonObject;
  readonly context: JsonObject;
}

/** How a reply fails that may not be believed, or is too large to be kept; nobody waits in vain for a better one. */
function refusalOf(
  answer: Answer,
  { body }: Delivery,
  run: Run,
): Pick<Outcome, 'status' | 'code' | 'message' | 'retryable'> | undefined {
  try {
    checkBrought('The reply', answer, body.byteLength, run);
    return undefined;
  } catch (error) {
    return { status: 'failed', ...describe(error) };
  }
}

/** What a delivery of the replies queue becomes. A reply to a run that nobody knows is logged and changes nothing. */
export function replyTask(delivery: Delivery, logger: Logger, now: () => number): Task {
  try {
    const { step, outcome, payload, context } = openDelivery('reply', delivery, { nowMs: now() });
    const { run: runId, path, attempt, model } = step;
    if (delivery.routingKey !== routingKey.reply(model, outcome.status)) {
      throw new UnprocessableError('binding_mismatch', 'The reply names another model or outcome.');
    }
    return {
      runId,
      async decide(draft) {
        const about = { run: runId, step: path, attempt, worker: outcome.worker };
        if (!draft.run) {
          const ignored = { what: 'reply ignored', queue: queue.replies };
          logRefused(logger, { ...ignored, ...about, code: 'unknown_correlation' });
        }
        const refused = draft.run && refusalOf({ payload, context }, delivery, draft.run);
        await draft.tell({
          type: 'replyReceived',
          path,
          attempt,
          model,
          ...(refused === undefined
            ? { outcome, output: payload, patch: context }
            : { outcome: { ...outcome, ...refused }, output: {}, patch: {} }),
        });
      },
      giveUp(draft, error) {
        const { code, message } = describe(error);
        logger.error({ run: runId, step: path, attempt, code }, `reply parked: ${message}`);
        draft.publish(parkedRow(delivery, error, now()));
      },
    };
  } catch (error) {
    const { code, message } = describe(error);
    const { messageId, routingKey: key } = delivery;
    const refused = { what: 'reply refused', queue: queue.replies };
    logRefused(logger, { ...refused, code, messageId, routingKey: key }, message);
    return parkTask(delivery, error, now());
  }
}
