import type { Channel } from 'amqplib';
import { TransportError } from '../../errors/errors.ts';
import { exchanges, isUsedBy, type QueueSpec, type Role, staticQueues } from '../topology.ts';
import type { ExclusiveQueue } from '../transport.ts';
import type { AmqpConnection } from './connection.ts';
import { asError, replyCode, topologyFault } from './faults.ts';
import { queueArguments } from './queue-arguments.ts';

/** Declares every exchange of the table, its static queues and `workQueues`. Idempotent. Throws as `topologyFault` says. */
export async function declareTopology(
  connection: AmqpConnection,
  workQueues: Iterable<QueueSpec>,
): Promise<void> {
  await connection.withChannel(async (channel) => {
    for (const { name } of exchanges) {
      const declared = channel.assertExchange(name, 'topic', { durable: true });
      await explained(declared, `exchange ${name}`);
    }
    for (const spec of [...staticQueues, ...workQueues]) await declareOn(channel, spec);
  });
}

/** Declares one queue of the table with its bindings. Idempotent. Throws as `topologyFault` says. */
export async function declareQueue(connection: AmqpConnection, spec: QueueSpec): Promise<void> {
  await connection.withChannel((channel) => declareOn(channel, spec));
}

async function declareOn(channel: Channel, spec: QueueSpec): Promise<void> {
  const options = { durable: true, arguments: queueArguments(spec) };
  await explained(channel.assertQueue(spec.name, options), `queue ${spec.name}`);
  for (const binding of spec.bindings) {
    const bound = channel.bindQueue(spec.name, binding.exchange, binding.routingKey);
    await explained(bound, `exchange ${binding.exchange}`);
  }
}

/** Checks that the exchanges and queues that the role uses are there (no role: everything). Throws as `topologyFault` says. */
export async function verifyTopology(
  connection: AmqpConnection,
  role: Role | undefined,
  workQueues: Iterable<QueueSpec>,
): Promise<void> {
  await connection.withChannel(async (channel) => {
    for (const spec of exchanges) {
      if (role !== undefined && !isUsedBy(spec, role)) continue;
      await explained(channel.checkExchange(spec.name), `exchange ${spec.name}`);
    }
    for (const spec of staticQueues) {
      if (role !== undefined && spec.readBy !== role) continue;
      await explained(channel.checkQueue(spec.name), `queue ${spec.name}`);
    }
    for (const spec of workQueues) {
      await explained(channel.checkQueue(spec.name), `queue ${spec.name}`);
    }
  });
}

/** Checks that one queue is there. */
export async function verifyQueue(connection: AmqpConnection, spec: QueueSpec): Promise<void> {
  const check = connection.withChannel((channel) => channel.checkQueue(spec.name));
  await explained(check, `queue ${spec.name}`);
}

/**
 * Declares a queue of this connection alone and binds it. The name may still be held by a connection of ours that the
 * broker does not know to be dead; then the queue gets the name with a suffix, which the same permissions cover.
 */
export async function declareExclusive(
  connection: AmqpConnection,
  queue: ExclusiveQueue,
): Promise<string> {
  for (let suffix = 0; ; suffix += 1) {
    const name = suffix === 0 ? queue.name : `${queue.name}.${suffix}`;
    try {
      await connection.withChannel(async (channel) => {
        const declared = channel.assertQueue(name, {
          exclusive: true,
          durable: false,
          arguments: {
            'x-queue-type': 'classic',
            ...(queue.maxLength === undefined
              ? {}
              : { 'x-max-length': queue.maxLength, 'x-overflow': 'drop-head' }),
          },
        });
        await explained(declared, `queue ${name}`);
        for (const binding of queue.bindings) {
          const bound = channel.bindQueue(name, binding.exchange, binding.routingKey);
          await explained(bound, `exchange ${binding.exchange}`);
        }
      });
      return name;
    } catch (error) {
      if (replyCode(asError(error)) !== 405 || suffix === 16) throw error;
    }
  }
}

/** Messages ready in a queue; 0 where there is none of that name, or one that is not ours to look at. */
export async function readyCount(connection: AmqpConnection, queue: string): Promise<number> {
  try {
    const found = await connection.withChannel((channel) => channel.checkQueue(queue));
    return found.messageCount;
  } catch (error) {
    const code = replyCode(asError(error));
    if (code === 404 || code === 405) return 0;
    throw new TransportError('ready_count_failed', `${queue} could not be counted.`, {
      cause: error,
    });
  }
}

async function explained<T>(answer: Promise<T>, what: string): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw topologyFault(asError(error), what);
  }
}
