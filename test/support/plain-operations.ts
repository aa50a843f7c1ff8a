import { newId } from '../../shared/envelope/ids.ts';
import type { JsonObject } from '../../shared/envelope/json.ts';
import { message } from '../../shared/envelope/message.ts';
import { exchange } from '../../shared/transport/topology.ts';
import type { Delivery, Transport } from '../../shared/transport/transport.ts';
import { eventually } from './eventually.ts';

/** An answer as it travels. */
interface PlainAnswer {
  readonly status: string;
  readonly payload: JsonObject;
}

export interface PlainOperations {
  /** Publishes the same operation `times` times, and resolves to as many answers. */
  ask(verb: string, args: object, times?: number): Promise<readonly PlainAnswer[]>;
}

/** Operations as any AMQP client sends them. */
export async function plainOperations(transport: Transport): Promise<PlainOperations> {
  const seen: Delivery[] = [];
  const bindings = [{ exchange: exchange.results, routingKey: 'operation.*.*' }];
  await transport.consumeExclusive(
    { name: `client.tester.${newId()}`, bindings },
    { prefetch: 100, onBatch: (deliveries) => void seen.push(...deliveries) },
  );
  return {
    async ask(verb, args, times = 1) {
      const id = newId();
      const question = message({
        type: 'operation',
        exchange: exchange.operations,
        routingKey: verb,
        correlationId: id,
        envelope: {
          id,
          timestamp: new Date().toISOString(),
          payload: args as JsonObject,
          context: {},
        },
      });
      await transport.publish(Array.from({ length: times }, () => question));
      return eventually(() => {
        const own = seen.filter(({ correlationId }) => correlationId === id);
        return own.length >= times && own.map(answerIn);
      });
    },
  };
}

function answerIn({ routingKey, body }: Delivery): PlainAnswer {
  const { payload } = JSON.parse(Buffer.from(body).toString());
  return { status: routingKey.split('.')[1] ?? '', payload };
}
