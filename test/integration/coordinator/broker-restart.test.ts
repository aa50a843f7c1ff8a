import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { startCoordinator } from '../../../services/coordinator/coordinator.ts';
import { openSqliteStore } from '../../../services/coordinator/store/sqlite/sqlite-store.ts';
import { connectClient } from '../../../shared/client/client.ts';
import { silentLogger } from '../../../shared/telemetry/logger.ts';
import { connectAmqp } from '../../../shared/transport/amqp/transport.ts';
import { startPrivateBroker } from '../../support/broker.ts';
import { chainFlow } from '../../support/chain-flow.ts';
import { eventually } from '../../support/eventually.ts';
import { marks } from '../../support/in-process-fleet.ts';
import { scriptedWorker } from '../../support/scripted-worker.ts';

it('a broker restarted in mid-stream loses no run, and each client gets its results', async () => {
  const broker = await startPrivateBroker();
  const folder = await mkdtemp(join(tmpdir(), 'flotilla-broker-'));
  const store = openSqliteStore(join(folder, 'store.db'));
  const connect = () => connectAmqp({ url: broker.url });
  const transports = await Promise.all([connect(), connect(), connect()]);
  const [forCoordinator, forWorker, forClient] = transports;
  const coordinator = await startCoordinator({
    store,
    transport: forCoordinator,
    flows: [chainFlow(['one', 'two'], 'chain', { deadline: '2m' })],
    instance: 'c1',
    logger: silentLogger,
  });
  const one = await scriptedWorker(forWorker, 'one', marks('1'));
  const two = await scriptedWorker(forWorker, 'two', marks('2'));
  const client = await connectClient({ transport: forClient });
  const results = Array.from({ length: 200 }, (_, index) =>
    client.run('chain', { text: `${index} ` }),
  );
  await eventually(() => two.requests.length > 30, { timeoutMs: 20_000 });
  await broker.restart('cleanly');
  const texts = (await Promise.all(results)).map(({ payload }) => payload);
  expect(texts).toEqual(texts.map((_, index) => ({ text: `${index} 12` })));
  await client.close();
  await one.close();
  await two.close();
  await coordinator.stop();
  for (const transport of transports) await transport.close();
  await store.close();
  await broker.stop();
  await rm(folder, { recursive: true });
}, 180_000);
