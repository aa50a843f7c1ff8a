import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Client, connectClient } from '../../../shared/client/client.ts';
import { connectAmqp } from '../../../shared/transport/amqp/transport.ts';
import type { Transport } from '../../../shared/transport/transport.ts';
import { type TestBroker, testBroker } from '../../support/broker.ts';
import { chainFlow } from '../../support/chain-flow.ts';
import { type Child, startChild } from '../../support/child-process.ts';
import { eventually } from '../../support/eventually.ts';
import { marks } from '../../support/in-process-fleet.ts';
import { scriptedWorker } from '../../support/scripted-worker.ts';

const root = join(import.meta.dirname, '../../..');
const coordinatorFile = join(root, 'services/coordinator/main.ts');
const workerFile = join(root, 'test/support/marking-worker-process.ts');

let broker: TestBroker;
let folder: string;
let transport: Transport;
let client: Client;
let children: Child[];

beforeAll(async () => {
  broker = await testBroker();
});

afterAll(() => broker?.stop());

beforeEach(async () => {
  children = [];
  folder = await mkdtemp(join(tmpdir(), 'flotilla-kills-'));
  await mkdir(join(folder, 'flows'));
  const { definition } = chainFlow(['one', 'two']);
  const { deadline: _, ...flow } = definition;
  // Longer than any process takes to start: a call that hangs is to be killed, not to time out.
  const steps = flow.do.map((step) => ({ ...step, timeout: '60s', retry: { attempts: 3 } }));
  const text = JSON.stringify({ ...flow, do: steps });
  await writeFile(join(folder, 'flows', 'chain.json'), text);
  transport = await connectAmqp({ url: broker.url });
  client = await connectClient({ transport });
});

afterEach(async () => {
  for (const child of children) await child.kill();
  await client.close();
  await transport.close();
  await rm(folder, { recursive: true });
});

const environment = () => ({
  AMQP_URL: broker.url,
  FLOTILLA_DB: join(folder, 'store.db'),
  FLOWS_DIR: join(folder, 'flows'),
});

function start(file: string, ...args: string[]): Child {
  const child = startChild(file, args, environment());
  children.push(child);
  return child;
}

/** How often a reply was accepted, by step. */
async function accepted(run: string): Promise<unknown[]> {
  const { history } = await client.operation('run.get', { run });
  return (history as { type: string; path?: string }[])
    .filter(({ type }) => type === 'reply_accepted')
    .map(({ path }) => path);
}

describe('over RabbitMQ', () => {
  it('a coordinator killed in mid-run goes on after its restart; each reply is accepted once', async () => {
    let answer = () => {};
    const held = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const one = await scriptedWorker(transport, 'one', async ({ payload }) => {
      await held;
      return { text: `${payload['text']}1` };
    });
    const two = await scriptedWorker(transport, 'two', marks('2'));
    const first = start(coordinatorFile);
    await first.said('coordinating');
    const { run } = await client.submit('chain', { text: 'go' });
    await eventually(() => one.requests.length === 1, { timeoutMs: 15_000 });
    await first.kill();
    answer();
    const second = start(coordinatorFile);
    expect((await client.result(run)).payload).toEqual({ text: 'go12' });
    expect(await accepted(run)).toEqual(['s1', 's2']);
    expect([one.requests.length, two.requests.length]).toEqual([1, 1]);
    expect(await second.stop()).toBe(0);
    await one.close();
    await two.close();
  }, 60_000);

  it('a worker killed in mid-call: another one does the call within 5 s, and its reply is accepted once', async () => {
    start(coordinatorFile);
    const two = await scriptedWorker(transport, 'two', marks('2'));
    const hanging = start(workerFile, 'one', '1', 'hang');
    await hanging.said('serving');
    const { run } = await client.submit('chain', { text: 'go' });
    await hanging.said('called go');
    const next = start(workerFile, 'one', '1');
    await next.said('serving');
    await hanging.kill();
    await next.said('called go', 5_000);
    expect((await client.result(run)).payload).toEqual({ text: 'go12' });
    expect(await accepted(run)).toEqual(['s1', 's2']);
    await two.close();
  }, 60_000);

  it('a coordinator killed again and again under load loses nothing and doubles nothing', async () => {
    const one = await scriptedWorker(transport, 'one', marks('1'));
    const two = await scriptedWorker(transport, 'two', marks('2'));
    let coordinator = start(coordinatorFile);
    await coordinator.said('coordinating');
    const submitted = Array.from({ length: 150 }, (_, index) =>
      client.submit('chain', { text: `${index} ` }, { id: `load-${index}` }),
    );
    for (const threshold of [20, 70]) {
      await eventually(() => two.requests.length >= threshold, { timeoutMs: 20_000 });
      await coordinator.kill();
      coordinator = start(coordinatorFile);
    }
    const runs = await Promise.all(submitted);
    const results = await Promise.all(runs.map(({ run }) => client.result(run)));
    expect(results.map(({ payload }) => payload)).toEqual(
      runs.map((_, index) => ({ text: `${index} 12` })),
    );
    for (const { run } of runs) expect(await accepted(run)).toEqual(['s1', 's2']);
    await one.close();
    await two.close();
  }, 120_000);

  it('the jobs come first, then the coordinator, then the workers: all runs finish', async () => {
    const submitted = await Promise.all(
      ['a', 'b', 'c'].map((text) => client.submit('chain', { text })),
    );
    const coordinator = start(coordinatorFile);
    await coordinator.said('coordinating');
    start(workerFile, 'two', '2');
    start(workerFile, 'one', '1');
    const results = await Promise.all(submitted.map(({ run }) => client.result(run)));
    expect(results.map(({ payload }) => payload)).toEqual(
      ['a12', 'b12', 'c12'].map((text) => ({ text })),
    );
  }, 60_000);

  it('a second coordinator on the same file is refused with a sentence', async () => {
    const first = start(coordinatorFile);
    await first.said('coordinating');
    const second = start(coordinatorFile);
    await second.said('store_in_use: ');
    expect(await second.stop()).toBe(1);
    expect(second.output()).toContain('DATABASE_URL');
    expect(await first.stop()).toBe(0);
  }, 60_000);
});

it('a coordinator with a wrong environment says all that is wrong and ends with 2', async () => {
  const child = startChild(coordinatorFile, [], { TOPOLOGY: 'guess', LOG_LEVEL: 'loud' });
  await child.said('LOG_LEVEL');
  expect(await child.stop()).toBe(2);
  expect(child.output()).toContain('TOPOLOGY');
});
