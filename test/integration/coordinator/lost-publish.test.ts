import { afterAll, beforeAll, expect, it } from 'vitest';
import { connectClient } from '../../../shared/client/client.ts';
import { connectAmqp } from '../../../shared/transport/amqp/transport.ts';
import { exchange } from '../../../shared/transport/topology.ts';
import { type TestBroker, testBroker } from '../../support/broker.ts';
import { startChainFleet } from '../../support/chain-fleet.ts';
import { TcpProxy } from '../../support/tcp-proxy.ts';

/** An outbox row is overdue, and published by whoever finds it, after 10 s. */
const BEFORE_OVERDUE_MS = 8_000;

/** A request as AMQP writes it: basic.publish (method 40), no ticket, exchange and routing key with their lengths. */
const request = `\0\x28\0\0\x0d${exchange.work}\x0ebench-first.v1`;

let broker: TestBroker;

beforeAll(async () => {
  broker = await testBroker();
});
afterAll(() => broker?.stop());

it('a request that was lost with its connection is published again as soon as there is another one', async () => {
  const { hostname, port } = new URL(broker.url);
  let losses = 0;
  const proxy: TcpProxy = await TcpProxy.start(
    { host: hostname, port: Number(port) || 5672 },
    (bytes) => {
      if (losses > 0 || !bytes.includes(request)) return;
      losses += 1;
      proxy.reset();
    },
  );
  const fleet = await startChainFleet(proxy.url(broker.url));
  const transport = await connectAmqp({ url: broker.url });
  const client = await connectClient({ transport });
  const result = await client.run('chain', { n: 0 }, { timeoutMs: BEFORE_OVERDUE_MS });
  expect(result.payload).toEqual({ n: 3 });
  expect(losses).toBe(1);
  await client.close();
  await transport.close();
  await fleet.stop();
  await proxy.close();
});
