import { readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectClient } from '../../shared/client/client.ts';
import { openDelivery } from '../../shared/envelope/open-delivery.ts';
import { connectAmqp } from '../../shared/transport/amqp/transport.ts';
import { exchange, routingKey } from '../../shared/transport/topology.ts';
import type { Subscription, Transport } from '../../shared/transport/transport.ts';
import { eventually } from '../support/eventually.ts';
import { type ComposeProject, composeProject } from './project.ts';

describe('docker compose', () => {
  let project: ComposeProject;
  let transport: Transport;

  beforeAll(async () => {
    project = await composeProject();
    await project.compose('up', '--build', '--detach', '--wait', '--wait-timeout', '300');
    transport = await connectAmqp({ url: project.url });
  });
  afterAll(async () => {
    await transport?.close();
    // The engine may hold a network's endpoints for a moment after the containers are gone.
    const down = async () => project?.compose('down', '--volumes', '--timeout', '5');
    await eventually(down, { timeoutMs: 120_000, intervalMs: 1_000 });
  });

  it('has a service for the coordinator and for each model', async () => {
    const services = (await project.compose('config', '--services')).trim().split('\n');
    const folders = readdirSync(resolve(import.meta.dirname, '../../services'));
    const notServices = ['cli', 'fleet', 'llm'];
    expect(services.toSorted()).toEqual(
      [...folders.filter((folder) => !notServices.includes(folder)), 'keys', 'rabbitmq'].toSorted(),
    );
  });

  it('answers jobs that are submitted from the host', async () => {
    const jobs = [
      ['support', 'How do I reset my password?'],
      ['review', 'The camera is great, but the battery dies before noon.'],
      ['verdict', 'You have won a prize! Click here now to claim your free money.'],
      ['triage', 'Our whole shop is down, nobody can pay!'],
    ] as const;
    for (const [flow, text] of jobs) {
      const output = await project.flotilla('run', flow, text, '--broker', project.url, '--json');
      expect(JSON.parse(output).run, flow).toMatchObject({ flow, status: 'succeeded' });
    }
  });

  it('answers a job from the cli service inside the project', async () => {
    const args = ['run', 'support', 'How do I reset my password?', '--json'];
    const output = await project.compose('run', '--rm', '--no-TTY', 'cli', ...args);
    expect(JSON.parse(output).run).toMatchObject({ flow: 'support', status: 'succeeded' });
  });

  it('spreads the work over three workers of one model', async () => {
    const served = new Map<string, number>();
    const tap = Promise.withResolvers<Subscription>();
    const subscription = await transport.consumeExclusive(
      {
        name: `client.flotilla.tap-${process.pid}`,
        bindings: [
          { exchange: exchange.replies, routingKey: routingKey.reply('sentiment', 'succeeded') },
        ],
      },
      {
        prefetch: 100,
        onBatch: async (deliveries) => {
          for (const delivery of deliveries) {
            const { outcome } = openDelivery('reply', delivery, { trust: 'internal' });
            served.set(outcome.worker, (served.get(outcome.worker) ?? 0) + 1);
          }
          (await tap.promise).settle(deliveries, 'ack');
        },
      },
    );
    tap.resolve(subscription);
    await project.compose('up', '--detach', '--no-recreate', '--scale', 'sentiment=3');
    const client = await connectClient({ transport });
    await eventually(
      async () => {
        const texts = Array.from({ length: 30 }, (_, n) => `The camera number ${n} is great.`);
        const results = await Promise.all(texts.map((text) => client.run('review', { text })));
        expect(results.every((result) => result.run.status === 'succeeded')).toBe(true);
        expect(served.size).toBe(3);
      },
      { timeoutMs: 120_000 },
    );
    await client.close();
    await subscription.close();
  });
});
