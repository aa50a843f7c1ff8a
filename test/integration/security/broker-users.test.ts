import { tmpdir } from 'node:os';
import { connect } from 'amqplib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fleetModels } from '../../../infra/rabbitmq/fleet-users.ts';
import { readSamples, sampleFolder } from '../../../services/cli/demo/samples.ts';
import { openSqliteStore } from '../../../services/coordinator/store/sqlite/sqlite-store.ts';
import { type Fleet, startFleet } from '../../../services/fleet/fleet.ts';
import { shippedFlows } from '../../../services/fleet/flows.ts';
import type { Client } from '../../../shared/client/client.ts';
import { silentLogger } from '../../../shared/telemetry/logger.ts';
import { runCli } from '../../support/cli-process.ts';
import { eventually } from '../../support/eventually.ts';
import { UsersFleet } from '../../support/users-fleet.ts';
import { ChatServer, says } from '../../unit/llm/chat-server.ts';

const START_MS = 240_000;
const models = (await fleetModels()).map(({ name }) => name);
const provider = new ChatServer();
let fleet: UsersFleet;
let client: Client;
/** The same flows and models in this process, without broker, users or signatures. */
let plain: Fleet;

beforeAll(async () => {
  await provider.start();
  fleet = await UsersFleet.open(['shop']);
  // Whoever runs the tests may have a server of their own.
  const servers = { OLLAMA_BASE_URL: provider.baseUrl, OPENAI_BASE_URL: '' };
  await fleet.start(['coordinator', ...models], servers);
  client = await fleet.client('shop');
  plain = await startFleet({
    ...{ flows: shippedFlows(), store: openSqliteStore(':memory:') },
    ...{ logger: silentLogger, env: {} },
  });
}, START_MS);

afterAll(async () => {
  await plain?.stop();
  await fleet?.close();
  await provider.stop();
});

describe('the whole fleet, each service as its own user with its own keys, and nobody as guest', () => {
  const samples = readSamples(sampleFolder);

  test('has a sample job for each flow', () => {
    const flows = new Set(shippedFlows().map(({ flow }) => flow.name));
    expect([...new Set(samples.map(({ flow }) => flow))]).toEqual(
      expect.arrayContaining([...flows]),
    );
  });

  test.each(samples)(
    'answers $flow as one process does: $title',
    { timeout: 60_000 },
    async (job) => {
      const { flow, payload, context } = job;
      const [signed, unsigned] = await Promise.all([
        client.run(flow, payload, { context }),
        plain.client.run(flow, payload, { context }),
      ]);
      expect(signed.run.status).toBe('succeeded');
      expect(signed.payload).toEqual(unsigned.payload);
    },
  );

  test('serves every model, and every one signs', { timeout: 60_000 }, async () => {
    const answer = { summary: 'It is late.', urgency: 'low', area: 'orders' };
    provider.answer(says(JSON.stringify(answer)));
    const called = await client.call('ticket-summary', { text: 'Where is my order?' });
    expect(called).toEqual(answer);
    const { models: served } = await client.operation('model.list', {});
    expect(served.map(({ model }) => model).toSorted()).toEqual(models.toSorted());
    expect(fleet.output).not.toMatch(/security_off|message refused/);
  });

  test('answers the command line, which is a user, too', { timeout: 60_000 }, async () => {
    const own = fleet.environmentOf('cli');
    // The second is all that a person would type who has been given a URL.
    const ways = [own, { AMQP_URL: fleet.urlOf('cli'), KEYS_DIR: own['KEYS_DIR'] as string }];
    for (const env of ways) {
      const command = ['run', 'support', 'How do I reset my password?', '--json'];
      const { code, stdout, stderr } = await runCli(command, { cwd: tmpdir(), env });
      expect({ code, stderr }).toMatchObject({ code: 0 });
      expect(stdout).toContain('"succeeded"');
    }
  });

  test('does not believe a worker that finds a way to speak for another', async () => {
    const worker = await connect(fleet.urlOf('topic'));
    const channel = await worker.createConfirmChannel();
    const way = 'control.topic.way';
    await channel.assertExchange(way, 'topic', { durable: false, autoDelete: true });
    await channel.bindExchange('flotilla.replies', way, '#');
    for (const userId of ['topic', undefined]) {
      const properties = userId === undefined ? {} : { userId };
      channel.publish(way, 'sentiment.succeeded', Buffer.from('{}'), properties);
    }
    await channel.waitForConfirms();
    await worker.close();
    await eventually(
      async () => {
        const { letters } = await client.operation('dead.list', { kind: 'unprocessable' });
        const codes = letters.map(({ code }) => code);
        expect(codes.filter((code) => code === 'sender_refused')).toHaveLength(2);
      },
      { timeoutMs: 15_000 },
    );
  });

  test('knows no guest', async () => {
    const guest = connect(`amqp://guest:guest@127.0.0.1:${fleet.broker.port}`);
    await expect(guest).rejects.toThrow('ACCESS');
  });
});
