import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Coordinator, startCoordinator } from '../../services/coordinator/coordinator.ts';
import { openSqliteStore } from '../../services/coordinator/store/sqlite/sqlite-store.ts';
import { connectClient } from '../../shared/client/client.ts';
import { loadFlow } from '../../shared/flow/load.ts';
import { silentLogger } from '../../shared/telemetry/logger.ts';
import { connectAmqp } from '../../shared/transport/amqp/transport.ts';
import { workQueue, workQueueName } from '../../shared/transport/topology.ts';
import type { Transport } from '../../shared/transport/transport.ts';
import { type TestBroker, testBroker } from '../support/broker.ts';
import { type Child, startChild } from '../support/child-process.ts';
import { eventually } from '../support/eventually.ts';
import { announcement } from '../support/scripted-worker.ts';

const workerFile = new URL('../support/marking-worker-process.ts', import.meta.url).pathname;
const ATTEMPTS = 2;
const CRASHES_OF_ONE = (workQueue('fragile', 1).deliveryLimit ?? 0) + 1;
const flow = `
flow: chain
version: 1
description: One call.
input: { type: object }
do:
  - step: s1
    model: fragile
    timeout: 2m
    retry: { attempts: 2, initial: 10ms }
output: { text: context.s1.text }
`;

let broker: TestBroker;
let transport: Transport;
let coordinator: Coordinator;
let worker: Child | undefined;
let wanted: boolean;
let crashes: number;
const store = openSqliteStore(':memory:');

beforeEach(async () => {
  broker = await testBroker();
  transport = await connectAmqp({ url: broker.url });
  const flows = [loadFlow(flow)];
  coordinator = await startCoordinator({
    store,
    transport,
    flows,
    instance: 'c',
    logger: silentLogger,
  });
  wanted = true;
  crashes = 0;
});
afterEach(async () => {
  wanted = false;
  await worker?.kill();
  await coordinator.stop();
  await transport.close();
  await broker.stop();
  await store.close();
});

/** A worker that is started again whenever it crashes. */
async function supervise(): Promise<void> {
  while (wanted) {
    worker = startChild(workerFile, ['fragile', '!', 'abort'], { AMQP_URL: broker.url });
    const signal = await worker.died();
    if (wanted && signal === 'SIGABRT') crashes += 1;
  }
}

it('a request that crashes its worker every time is parked after its limit at each attempt and fails its run, and those beside it are answered', async () => {
  await transport.publish([announcement('fragile')]);
  const client = await connectClient({ transport });
  const submit = (text: string) => client.submit('chain', { text });
  const before = await Promise.all(['a', 'b'].map(submit));
  const work = workQueueName('fragile', 1);
  await eventually(async () => (await transport.readyCount(work)) === 2);
  const poison = await submit('poison');
  await eventually(async () => (await transport.readyCount(work)) === 3);
  const after = await Promise.all(['c', 'd'].map(submit));
  void supervise();

  const results = await Promise.all(
    [...before, ...after].map(({ run }) => client.result(run, { timeoutMs: 150_000 })),
  );
  expect(results.map(({ payload }) => payload)).toEqual(
    ['a!', 'b!', 'c!', 'd!'].map((text) => ({ text })),
  );
  const failed = async () => (await store.findRun(poison.run))?.status === 'failed';
  await eventually(failed, { timeoutMs: 60_000 });
  const letters = await store.listDeadLetters({ code: 'delivery_limit' }, 10);
  expect(letters.map(({ runId, attempt }) => ({ runId, attempt }))).toEqual([
    { runId: poison.run, attempt: 2 },
    { runId: poison.run, attempt: 1 },
  ]);
  expect(crashes).toBe(ATTEMPTS * CRASHES_OF_ONE);
  await client.close();
});
