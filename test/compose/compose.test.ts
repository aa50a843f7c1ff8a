import { readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { connect } from 'amqplib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fleetModels, usersOf } from '../../infra/rabbitmq/fleet-users.ts';
import { shippedModels } from '../../services/fleet/models.ts';
import { connectClient } from '../../shared/client/client.ts';
import { openDelivery } from '../../shared/envelope/open-delivery.ts';
import { connectAmqp } from '../../shared/transport/amqp/transport.ts';
import { exchange, routingKey } from '../../shared/transport/topology.ts';
import type { Subscription } from '../../shared/transport/transport.ts';
import { eventually } from '../support/eventually.ts';
import { type ComposeProject, composeProject } from './project.ts';

const operator = 'flotilla';
let project: ComposeProject;

const up = (...args: string[]) =>
  project.compose('up', '--detach', '--wait', '--wait-timeout', '300', ...args);
const inside = (service: string, ...command: string[]) =>
  project.compose('exec', '--no-TTY', service, ...command);

async function ask(url: string): Promise<{ id: string; status: string }> {
  const question = ['run', 'support', 'How do I reset my password?', '--json'];
  return JSON.parse(await project.flotilla(...question, '--broker', url)).run;
}

beforeAll(async () => {
  project = await composeProject();
  await up('--build');
});
afterAll(async () => {
  // The engine may hold a network's endpoints for a moment after the containers are gone.
  const down = async () => project?.compose('down', '--volumes', '--timeout', '5');
  await eventually(down, { timeoutMs: 120_000, intervalMs: 1_000 });
});

describe('docker compose', () => {
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
    const broker = await project.compose('ps', '--quiet', 'rabbitmq');
    const output = await project.compose('run', '--rm', '--no-TTY', 'cli', ...args);
    expect(JSON.parse(output).run).toMatchObject({ flow: 'support', status: 'succeeded' });
    // Beside the fleet that runs, not with another.
    expect(await project.compose('ps', '--quiet', 'rabbitmq')).toBe(broker);
  });

  it('publishes ports on loopback only', async () => {
    const listed = (await project.compose('ps', '--format', 'json')).trim().split('\n');
    const ports = listed.flatMap((line) => JSON.parse(line).Publishers ?? []);
    const hosts = ports.filter(({ PublishedPort }) => PublishedPort > 0).map(({ URL }) => URL);
    expect(hosts).toEqual(['127.0.0.1', '127.0.0.1']);
  });
});

describe('the users of its broker', () => {
  it('are the generated ones and an operator', async () => {
    const listed = await inside('rabbitmq', 'rabbitmqctl', '-q', 'list_users', '--formatter=json');
    const users: { user: string; tags: string[] }[] = JSON.parse(listed);
    const generated = usersOf(await fleetModels(), []).map(({ name }) => name);
    expect(users.map(({ user }) => user).toSorted()).toEqual([...generated, operator].toSorted());
    const tagged = users.filter(({ tags }) => tags.length > 0);
    expect(tagged).toEqual([{ user: operator, tags: ['monitoring'] }]);
  });

  it('each have a service that sees its own password and keys, and no other', async () => {
    for (const model of shippedModels) {
      const files = (await inside(model, 'ls', '/own')).trim().split('\n');
      expect(files.toSorted(), model).toEqual(['amqp-password', `worker.${model}.json`]);
    }
    const hub = (await inside('coordinator', 'ls', '/own')).trim().split('\n');
    expect(hub).toEqual(expect.arrayContaining(['amqp-password', 'coordinator.coordinator.json']));
  });

  it('let the command line be a client and nothing more', async () => {
    const connection = await connect(project.url);
    const channel = await connection.createChannel();
    channel.on('error', () => {});
    await expect(channel.get('replies')).rejects.toThrow('ACCESS_REFUSED');
    await connection.close();
  });

  it('let the operator see everything on the pages of RabbitMQ, and change nothing', async () => {
    const authorization = `Basic ${btoa(`${operator}:flotilla`)}`;
    const call = async (method: string, path: string) =>
      fetch(`${project.management}/api/${path}`, { method, headers: { authorization } });
    const queues = await call('GET', 'queues/%2F');
    expect(queues.status).toBe(200);
    expect(await queues.text()).toContain('work.sentiment.v1');
    expect((await call('DELETE', 'queues/%2F/jobs/contents')).status).toBe(401);
    expect((await call('GET', 'users')).status).toBe(401);
  });
});

describe('a fleet that is there', () => {
  it('spreads the work over three workers of one model', async () => {
    const served = new Set<string>();
    const tap = await connectAmqp({ url: await project.urlOfEverything() });
    const ready = Promise.withResolvers<Subscription>();
    const sentiment = routingKey.reply('sentiment', 'succeeded');
    const queue = {
      name: `client.everything.tap-${process.pid}`,
      bindings: [{ exchange: exchange.replies, routingKey: sentiment }],
    };
    const subscription = await tap.consumeExclusive(queue, {
      prefetch: 100,
      onBatch: async (deliveries) => {
        for (const delivery of deliveries) {
          served.add(openDelivery('reply', delivery, { trust: 'internal' }).outcome.worker);
        }
        (await ready.promise).settle(deliveries, 'ack');
      },
    });
    ready.resolve(subscription);
    await up('--no-recreate', '--scale', 'sentiment=3');
    const transport = await connectAmqp({ url: project.url, role: 'client' });
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
    await transport.close();
    await tap.close();
  });

  it('goes on after a restart of its broker', async () => {
    await project.compose('restart', 'rabbitmq');
    await up();
    expect((await ask(project.url)).status).toBe('succeeded');
  });

  it('comes back with its runs and passwords', async () => {
    const { id } = await ask(project.url);
    const password = await inside('sentiment', 'cat', '/own/amqp-password');
    await project.compose('down');
    await up();
    expect(await inside('sentiment', 'cat', '/own/amqp-password')).toBe(password);
    const shown = await project.compose('run', '--rm', '--no-TTY', 'cli', 'show', id, '--json');
    expect(shown).toContain('"succeeded"');
    expect((await ask(project.url)).status).toBe('succeeded');
  });

  it('takes another password for the command line, and believes the old one no more', async () => {
    const password = 'än0ther p@ss/w:rd';
    project.variables['RABBITMQ_PASSWORD'] = password;
    await up();
    expect((await ask(project.urlOf('cli', password))).status).toBe('succeeded');
    await expect(connect(project.url)).rejects.toThrow('ACCESS_REFUSED');
  });
});
