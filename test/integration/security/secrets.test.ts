import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Client, connectClient } from '../../../shared/client/client.ts';
import { connectAmqp } from '../../../shared/transport/amqp/transport.ts';
import type { Transport } from '../../../shared/transport/transport.ts';
import { type TestBroker, testBroker } from '../../support/broker.ts';
import { type Child, startChild } from '../../support/child-process.ts';
import { ChatServer, json } from '../../unit/llm/chat-server.ts';

const root = join(import.meta.dirname, '../../..');
const coordinatorFile = join(root, 'services/coordinator/main.ts');
const llmFile = join(root, 'services/llm/main.ts');
/** What must be seen nowhere. */
const canary = 'canary-5f3a9c1e7b';
/** A process may take its time to start on a busy machine. */
const timeout = 60_000;

let broker: TestBroker;
let folder: string;
let transport: Transport;
let client: Client;
const children: Child[] = [];

beforeAll(async () => {
  broker = await testBroker();
  folder = mkdtempSync(join(tmpdir(), 'flotilla-secrets-'));
  transport = await connectAmqp({ url: broker.url });
  client = await connectClient({ transport });
});
afterEach(async () => {
  await Promise.all(children.splice(0).map((child) => child.kill()));
});
afterAll(async () => {
  await client?.close();
  await transport?.close();
  await broker?.stop();
  rmSync(folder, { recursive: true });
});

function start(file: string, args: readonly string[], env: Record<string, string>): Child {
  const child = startChild(file, args, {
    AMQP_URL: broker.url,
    FLOTILLA_DB: join(folder, 'store.db'),
    LOG_LEVEL: 'debug',
    ...env,
  });
  children.push(child);
  return child;
}

/** What other users of the machine see of a process. */
function argumentsOf({ pid }: Child): string {
  return process.platform === 'linux' ? readFileSync(`/proc/${pid}/cmdline`, 'utf8') : '';
}

describe('a secret is in no log and in no argument', { timeout }, () => {
  it('when the broker refuses the password', async () => {
    const url = new URL(broker.url);
    url.password = canary;
    const child = start(coordinatorFile, [], { AMQP_URL: url.href });
    await child.said('the broker is not there');
    expect(argumentsOf(child)).not.toContain(canary);
    expect(child.output()).not.toContain(canary);
  });

  it('when the database is not there', async () => {
    const child = start(coordinatorFile, [], {
      DATABASE_URL: `postgres://someone:${canary}@127.0.0.1:1/nowhere`,
    });
    await child.said('the database is not there');
    expect(child.output()).not.toContain(canary);
  });

  it.each([
    ['keys that are no JSON', { SECURITY: 'on', FLOTILLA_KEYS: canary }],
    ['a broker that is no URL', { AMQP_URL: `amqp//guest:${canary}@nowhere` }],
    ['a database that is none', { DATABASE_URL: `mysql://someone:${canary}@nowhere/x` }],
  ])('when the environment is wrong: %s', async (_, env) => {
    const child = start(coordinatorFile, [], env);
    await child.died();
    expect(child.output()).not.toBe('');
    expect(child.output()).not.toContain(canary);
  });

  it('when a provider quotes the key it refuses, nor in the run, its history or its dead letter', async () => {
    const server = await new ChatServer().start();
    server.answer((response, asked) =>
      json(401, {
        error: { message: `Incorrect API key: ${asked.headers.authorization}`, code: canary },
      })(response, asked),
    );
    try {
      const llm = start(llmFile, ['general-chatbot'], {
        OPENAI_BASE_URL: server.baseUrl,
        OPENAI_API_KEY: `sk-${canary}-key`,
      });
      const coordinator = start(coordinatorFile, [], {});
      await Promise.all([llm.said('"serving"'), coordinator.said('coordinating')]);
      const text = 'my password is hunter2-private';
      const result = await client.run('call-general-chatbot', { text });
      expect(result.run.status).toBe('failed');
      const details = await client.operation('run.get', { run: result.run.id });
      const letters = await client.operation('dead.list', {});
      const answers = JSON.stringify([result, details, letters]);
      expect(answers).not.toContain(`sk-${canary}`);
      expect(`${llm.output()}${coordinator.output()}`).not.toContain(`sk-${canary}`);
      // Nor does a log carry what clients send.
      expect(`${llm.output()}${coordinator.output()}`).not.toContain('hunter2-private');
      const database = readdirSync(folder).map((name) =>
        readFileSync(join(folder, name), 'latin1'),
      );
      expect(database.join('')).not.toContain(`sk-${canary}`);
    } finally {
      await server.stop();
    }
  });
});
