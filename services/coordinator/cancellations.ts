import { newId } from '../../shared/envelope/ids.ts';
import { message } from '../../shared/envelope/message.ts';
import { exchange, routingKey } from '../../shared/transport/topology.ts';
import type { OutgoingMessage } from '../../shared/transport/transport.ts';
import type { EndedAttempt } from './shared-effects.ts';

/**
 * Words to the workers of attempts that nobody waits for any more, and of those that were answered and published twice: they
 * stop, and the request that was not begun is not run.
 * Not persistent: a word that is lost costs a call that was paid for anyway.
 */
export function cancellationsOf(
  ended: readonly EndedAttempt[],
  nowMs: number,
): readonly OutgoingMessage[] {
  const timestamp = new Date(nowMs).toISOString();
  return ended
    .filter(({ how, copied }) => how === 'abandoned' || copied)
    .map(({ runId: run, path, attempt, model }) =>
      message({
        type: 'control',
        exchange: exchange.control,
        routingKey: routingKey.cancel(model),
        persistent: false,
        envelope: { id: newId(), timestamp, payload: { run, path, attempt }, context: {} },
      }),
    );
}
