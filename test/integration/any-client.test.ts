import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { Connection } from 'rabbitmq-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decode } from '../../shared/envelope/codec.ts';
import type { Result } from '../../shared/envelope/envelope.ts';
import { exchange } from '../../shared/transport/topology.ts';
import { type TestBroker, testBroker } from '../support/broker.ts';
import { type ChainFleet, startChainFleet } from '../support/chain-fleet.ts';
import { eventually } from '../support/eventually.ts';

/**
 * Clients that are not ours and know nothing but the protocol page: they put a four-field envelope on `flotilla.jobs` with
 * the flow as routing key and read the result from a queue of their own.
 */

const run = promisify(execFile);
const jobFor = (id: string) => ({
  id,
  timestamp: new Date().toISOString(),
  payload: { n: 0 },
  context: {},
});

const amqpTools = await run('amqp-publish', ['--help']).then(
  () => true,
  () => false,
);

describe('any AMQP client', () => {
  let broker: TestBroker;
  let fleet: ChainFleet;

  beforeAll(async () => {
    broker = await testBroker();
    fleet = await startChainFleet(broker.url);
  });
  afterAll(async () => {
    await fleet?.stop();
    await broker?.stop();
  });

  it('publishes a job and reads its result with another AMQP library', async () => {
    const connection = new Connection(broker.url);
    const results: Result[] = [];
    const consumer = connection.createConsumer(
      {
        queueOptions: { exclusive: true },
        queueBindings: [{ exchange: exchange.results, routingKey: 'chain.*.anonymous' }],
      },
      async (message) => {
        results.push(
          decode('result', Buffer.from(JSON.stringify(message.body)), { trust: 'internal' }),
        );
      },
    );
    await once(consumer, 'ready');
    const publisher = connection.createPublisher({ confirm: true });
    await publisher.send({ exchange: exchange.jobs, routingKey: 'chain' }, jobFor('other-library'));
    await eventually(() => expect(results).toHaveLength(1));
    expect(results[0]).toMatchObject({ id: 'other-library', payload: { n: 3 } });
    await publisher.close();
    await consumer.close();
    await connection.close();
  });

  // Where the distribution's command line tools are (Debian: amqp-tools), they are a second witness.
  for (const tool of amqpTools ? ['amqp-publish and amqp-consume'] : []) {
    it(`publishes a job and reads its result with ${tool}`, async () => {
      const reader = spawn(
        'amqp-consume',
        ['-u', broker.url, '-e', exchange.results, '-r', 'chain.*.anonymous', '-c', '1', 'cat'],
        { stdio: ['ignore', 'pipe', 'pipe'] },
      );
      const output: Buffer[] = [];
      reader.stdout.on('data', (chunk: Buffer) => output.push(chunk));
      // It names its queue when the queue is there, and binds it next.
      await once(reader.stderr, 'data');
      const ended = once(reader, 'exit');
      const publish = () =>
        run('amqp-publish', [
          ...['-u', broker.url, '-e', exchange.jobs, '-r', 'chain', '-p'],
          ...['-C', 'application/json', '-b', JSON.stringify(jobFor('amqp-tools'))],
        ]);
      await publish();
      await ended;
      const result = decode('result', Buffer.concat(output), { trust: 'internal' });
      expect(result).toMatchObject({ id: 'amqp-tools', payload: { n: 3 } });
    });
  }
});
