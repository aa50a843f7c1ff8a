import { openDelivery } from '../../shared/envelope/open-delivery.ts';
import { describe } from '../../shared/errors/describe.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';
import type { Delivery } from '../../shared/transport/transport.ts';
import { parkedRow, parkTask } from './parked.ts';
import type { Task } from './transition.ts';

/** What a delivery of the replies queue becomes. A reply to a run that nobody knows is logged and changes nothing. */
export function replyTask(delivery: Delivery, logger: Logger, now: () => number): Task {
  try {
    const { step, outcome, payload, context } = openDelivery('reply', delivery, { nowMs: now() });
    const { run: runId, path, attempt } = step;
    return {
      runId,
      async decide(draft) {
        const about = { run: runId, step: path, attempt, worker: outcome.worker };
        if (!draft.run) logger.warn({ ...about, code: 'unknown_correlation' }, 'reply ignored');
        await draft.tell({
          type: 'replyReceived',
          path,
          attempt,
          outcome,
          output: payload,
          patch: context,
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
    const { messageId, routingKey } = delivery;
    logger.warn({ code, messageId, routingKey }, `reply refused: ${message}`);
    return parkTask(delivery, error, now());
  }
}
