import { statfs } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connectAmqp } from '../../shared/transport/amqp/transport.ts';
import { workQueueName } from '../../shared/transport/topology.ts';
import type { OutgoingMessage, Transport } from '../../shared/transport/transport.ts';
import { freshModel, requestTo } from '../contract/transport-harness.ts';
import { rabbitmqServer, startNative } from '../support/broker/native.ts';
import type { PrivateBroker } from '../support/broker/running-broker.ts';
import { eventually } from '../support/eventually.ts';
import { type SmallDisk, smallDisk } from '../support/small-disk.ts';

let disk: SmallDisk;
let broker: PrivateBroker;

beforeAll(async () => {
  const server = await rabbitmqServer();
  if (!server) throw new Error('This test needs a rabbitmq-server on this machine: install it.');
  disk = await smallDisk(128);
  broker = await startNative(server, {
    dataFolder: disk.folder,
    // No alarm comes first: the disk is full before the broker knows.
    config: ['disk_free_limit.absolute = 1KB'],
  });
});
afterAll(async () => {
  await broker?.stop();
  await disk?.remove();
});

/** Ids of the messages that the broker has confirmed. */
async function publish(
  transport: Transport,
  model: string,
  amount: number,
): Promise<(string | undefined)[]> {
  const messages = Array.from(
    { length: amount },
    (): OutgoingMessage => requestTo(model, { body: Buffer.alloc(8_192, 'x') }),
  );
  const outcomes = await transport.publish(messages);
  return messages
    .filter((_, index) => outcomes[index]?.status === 'confirmed')
    .map(({ messageId }) => messageId);
}

it('a broker whose disk is full confirms nothing that it does not keep, and works again once there is space', async () => {
  const transport = await connectAmqp({ url: broker.url, confirmTimeoutMs: 2_000 });
  const model = freshModel();
  await transport.declareWorkQueue(model, 1);
  const confirmed = new Set(await publish(transport, model, 200));
  expect(confirmed.size).toBe(200);

  await disk.fill();
  expect((await statfs(disk.folder)).bavail).toBe(0);
  await eventually(
    async () => {
      const more = await publish(transport, model, 50);
      for (const id of more) confirmed.add(id);
      return more.length === 0;
    },
    { timeoutMs: 60_000 },
  );

  await disk.free();
  // As a power cut: what was only in its memory is gone.
  await broker.restart('killed');
  await eventually(
    async () => {
      const more = await publish(transport, model, 20);
      for (const id of more) confirmed.add(id);
      return more.length === 20;
    },
    { timeoutMs: 60_000 },
  );
  const kept = new Set<string | undefined>();
  const subscription = await transport.consume(workQueueName(model, 1), {
    prefetch: 100,
    onBatch: (deliveries) => {
      for (const { messageId } of deliveries) kept.add(messageId);
      subscription.settle(deliveries, 'ack');
    },
  });
  await eventually(() => expect([...confirmed.difference(kept)]).toEqual([]), {
    timeoutMs: 30_000,
  });
  await transport.close();
});
