import { connect as connectBare } from 'amqplib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startCoordinator } from '../../services/coordinator/coordinator.ts';
import { openSqliteStore } from '../../services/coordinator/store/sqlite/sqlite-store.ts';
import { connectClient } from '../../shared/client/client.ts';
import { silentLogger } from '../../shared/telemetry/logger.ts';
import { connectAmqp } from '../../shared/transport/amqp/transport.ts';
import { queue, workQueueName } from '../../shared/transport/topology.ts';
import { type TestBroker, testBroker } from '../support/broker.ts';
import { chainFlow } from '../support/chain-flow.ts';
import { eventually } from '../support/eventually.ts';
import { marks } from '../support/in-process-fleet.ts';
import { announcement, scriptedWorker } from '../support/scripted-worker.ts';

let broker: TestBroker;

beforeAll(async () => {
  broker = await testBroker();
});
afterAll(() => broker.stop());

async function purge(name: string): Promise<number> {
  const connection = await connectBare(broker.url);
  const channel = await connection.createChannel();
  const { messageCount } = await channel.purgeQueue(name);
  await connection.close();
  return messageCount;
}

it('a request and a reply that an operator purged are asked for again, as the same attempts', async () => {
  const transport = await connectAmqp({ url: broker.url });
  const store = openSqliteStore(':memory:');
  const flows = ['asked', 'answered'].map((name) => chainFlow([name], name, { deadline: '4m' }));
  const start = () =>
    startCoordinator({ store, transport, flows, instance: 'c', logger: silentLogger });
  const before = await start();
  const client = await connectClient({ transport });
  const answer = Promise.withResolvers<void>();
  const answered = await scriptedWorker(transport, 'answered', async ({ payload }) => {
    await answer.promise;
    return { text: `${payload['text']}!` };
  });
  // Known, and nobody serves it yet: its request waits in the queue.
  await transport.publish([announcement('asked')]);
  const runs = await Promise.all(
    flows.map(({ flow }) => client.submit(flow.name, { text: flow.name })),
  );
  const asked = workQueueName('asked', 1);
  await eventually(async () => (await transport.readyCount(asked)) === 1);
  await eventually(() => answered.requests.length === 1);
  await before.stop();
  answer.resolve();
  await eventually(async () => (await transport.readyCount(queue.replies)) === 1);
  expect(await Promise.all([asked, queue.replies].map(purge))).toEqual([1, 1]);

  const after = await start();
  const late = await scriptedWorker(transport, 'asked', marks('?'));
  const results = await Promise.all(runs.map(({ run }) => client.result(run)));
  expect(results.map(({ payload }) => payload)).toEqual([
    { text: 'asked?' },
    { text: 'answered!' },
  ]);
  expect(late.requests).toHaveLength(1);
  expect(new Set(answered.requests.map(({ id }) => id)).size).toBe(1);
  for (const { run } of runs) {
    const sent = (await store.readHistory(run)).filter(({ type }) => type === 'attempt_dispatched');
    expect(sent.map(({ attempt }) => attempt)).toEqual([1]);
  }
  await client.close();
  await late.close();
  await answered.close();
  await after.stop();
  await transport.close();
  await store.close();
});
