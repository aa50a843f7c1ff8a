import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Client, connectClient } from '../../shared/client/client.ts';
import { connectAmqp } from '../../shared/transport/amqp/transport.ts';
import type { Transport } from '../../shared/transport/transport.ts';
import { run } from '../support/broker/command.ts';
import { type TestBroker, testBroker } from '../support/broker.ts';
import { type Child, startChild } from '../support/child-process.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';

const root = join(import.meta.dirname, '../..');
const coordinatorFile = join(root, 'services/coordinator/main.ts');
const workerFile = join(root, 'test/support/marking-worker-process.ts');
const ENOUGH = 1_024;

const flow = `
flow: chain
version: 1
description: One call.
input: { type: object }
do:
  - step: s1
    model: one
output: { text: context.s1.text }
`;

let broker: TestBroker;
let proxy: TcpProxy;
let folder: string;
let transport: Transport;
let client: Client;
let children: Child[];

beforeEach(async () => {
  children = [];
  broker = await testBroker();
  const { hostname, port } = new URL(broker.url);
  proxy = await TcpProxy.start({ host: hostname, port: Number(port) || 5672 });
  folder = await mkdtemp(join(tmpdir(), 'flotilla-descriptors-'));
  await mkdir(join(folder, 'flows'));
  await writeFile(join(folder, 'flows', 'chain.yaml'), flow);
  transport = await connectAmqp({ url: broker.url });
  client = await connectClient({ transport });
});

afterEach(async () => {
  for (const child of children) await child.kill();
  await client.close();
  await transport.close();
  await proxy.close();
  await broker.stop();
  await rm(folder, { recursive: true });
});

function start(file: string, ...args: string[]): Child {
  const child = startChild(file, args, {
    AMQP_URL: proxy.url(broker.url),
    FLOTILLA_DB: join(folder, 'store.db'),
    FLOWS_DIR: join(folder, 'flows'),
  });
  children.push(child);
  return child;
}

/** Changes how many files a running process may have open. Needs Linux. */
async function allow(child: Child, files: number): Promise<void> {
  const limited = await run('prlimit', [`--pid=${child.pid}`, `--nofile=${files}:${ENOUGH}`]);
  if (!limited.succeeded) {
    throw new Error(`This test needs Linux and prlimit (util-linux): ${limited.output}`);
  }
}

describe('processes that may open no more files', () => {
  it('lose their connections and go on by themselves once they may; the job that came is run', async () => {
    const coordinator = start(coordinatorFile);
    await coordinator.said('coordinating');
    const worker = start(workerFile, 'one', '1');
    await worker.said('serving');
    expect((await client.run('chain', { text: 'a' })).payload).toEqual({ text: 'a1' });

    for (const child of [coordinator, worker]) await allow(child, 3);
    proxy.reset();
    await coordinator.said('EMFILE');
    const { run: waiting } = await client.submit('chain', { text: 'b' });

    for (const child of [coordinator, worker]) await allow(child, ENOUGH);
    const { payload } = await client.result(waiting, { timeoutMs: 30_000 });
    expect(payload).toEqual({ text: 'b1' });
    expect(await coordinator.stop()).toBe(0);
  });
});
