import { tmpdir } from 'node:os';
import { connect } from 'amqplib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readSamples, sampleFolder } from '../../../services/cli/demo/samples.ts';
import { type Client, connectClient } from '../../../shared/client/client.ts';
import { connectAmqp } from '../../../shared/transport/amqp/transport.ts';
import type { Transport } from '../../../shared/transport/transport.ts';
import { runCli } from '../../support/cli-process.ts';
import { eventually } from '../../support/eventually.ts';
import { UsersFleet } from '../../support/users-fleet.ts';

const START_MS = 240_000;
const flows = ['support', 'review', 'verdict', 'careful-answer'];
const models = [
  ...['intent-recognizer', 'product-qa', 'general-chatbot', 'sentiment', 'topic', 'language'],
  ...['spam-rules', 'spam-bayes', 'spam-style'],
];
let fleet: UsersFleet;
let transport: Transport;
let client: Client;

beforeAll(async () => {
  fleet = await UsersFleet.open(['shop']);
  await fleet.start(['coordinator', ...models]);
  transport = await connectAmqp({ url: fleet.urlOf('shop'), topology: 'verify', role: 'client' });
  client = await connectClient({ transport });
}, START_MS);

afterAll(async () => {
  await client?.close();
  await transport?.close();
  await fleet?.close();
});

describe('a fleet whose services each log in as their own user, and nobody as guest', () => {
  const samples = readSamples(sampleFolder).filter(({ flow }) => flows.includes(flow));

  test.each(samples)('answers a sample job of $flow: $title', { timeout: 60_000 }, async (job) => {
    const result = await client.run(job.flow, job.payload, { context: job.context });
    expect(result.run.status).toBe('succeeded');
  });

  test('answers the command line, which is a user, too', { timeout: 60_000 }, async () => {
    const command = ['run', 'support', 'How do I reset my password?', '--json'];
    const env = { ...fleet.environmentOf('cli'), SECURITY: 'off' };
    const { code, stdout, stderr } = await runCli(command, { cwd: tmpdir(), env });
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stdout).toContain('"succeeded"');
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
