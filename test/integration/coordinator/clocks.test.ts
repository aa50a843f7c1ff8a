import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openPostgresStore } from '../../../services/coordinator/store/postgres/postgres-store.ts';
import type { Store } from '../../../services/coordinator/store/store.ts';
import { connectClient } from '../../../shared/client/client.ts';
import { loadFlow } from '../../../shared/flow/load.ts';
import { connectAmqp } from '../../../shared/transport/amqp/transport.ts';
import type { Transport } from '../../../shared/transport/transport.ts';
import { testBroker } from '../../support/broker.ts';
import { startChild } from '../../support/child-process.ts';
import { eventually } from '../../support/eventually.ts';
import { InProcessFleet } from '../../support/in-process-fleet.ts';
import { type TestDatabase, testDatabase } from '../../support/postgres.ts';
import { replyTo, type Script, scriptedWorker } from '../../support/scripted-worker.ts';

const MINUTE_MS = 60_000;
const coordinatorFile = join(import.meta.dirname, '../../../services/coordinator/main.ts');
const text = `
flow: retried
version: 1
description: One call, tried again once.
input: { type: object }
deadline: 2m
do:
  - step: s1
    model: one
    within: 1m
    retry: { attempts: 2, initial: 100ms }
output: { text: context.s1.text }
`;
const realNow = Date.now;
let database: TestDatabase;
let store: Store;

beforeAll(async () => {
  database = await testDatabase();
  store = await openPostgresStore(database.url);
});
afterAll(async () => {
  await store.close();
  await database.stop();
});
afterEach(() => {
  Date.now = realNow;
});

/** A model whose first attempt fails, after a while, and whose second one succeeds; what is to be held it never answers. */
function flaky(publisher: Transport, until: Promise<void> = Promise.resolve()): Script {
  const failure = { status: 'failed', code: 'flaky', message: 'Again.', retryable: true } as const;
  return async (request) => {
    if (request.payload['hold'] === true) return undefined;
    if (request.step.attempt > 1) return { text: 'in time' };
    await until;
    await publisher.publish([replyTo(request, {}, failure)]);
    return undefined;
  };
}

describe('the clock of a host that jumps under its coordinator', () => {
  it.each([60, -60])('by %i minutes times nothing out and holds up no timer', async (minutes) => {
    const fleet = new InProcessFleet();
    const jumped = Promise.withResolvers<void>();
    const publisher = fleet.transport('one');
    const one = await fleet.worker('one', flaky(publisher, jumped.promise));
    await fleet.coordinator([loadFlow(text)], { store });
    const client = await fleet.client();
    const held = await client.submit('retried', { hold: true });
    const request = await eventually(() => one.requests[0] ?? false);
    const other = await client.submit('retried', {});
    await eventually(() => one.requests.length === 2);
    Date.now = () => realNow() + minutes * MINUTE_MS;
    jumped.resolve();

    // A timer runs it to its end, so that timers were looked at since.
    expect((await client.result(other.run)).payload).toEqual({ text: 'in time' });
    expect(await store.findRun(held.run)).toMatchObject({ status: 'running' });
    await publisher.publish([replyTo(request, { text: 'in time, too' })]);
    expect((await client.result(held.run)).payload).toEqual({ text: 'in time, too' });
    await fleet.close();
  });
});

describe('two coordinators on one database', () => {
  it('agree on the time when the clock of one is five minutes ahead', async () => {
    const broker = await testBroker();
    const folder = await mkdtemp(join(tmpdir(), 'flotilla-clocks-'));
    await mkdir(join(folder, 'flows'));
    await writeFile(join(folder, 'flows', 'retried.yaml'), text);
    const transport = await connectAmqp({ url: broker.url });
    const one = await scriptedWorker(transport, 'one', flaky(transport));
    const client = await connectClient({ transport });
    const environment = {
      AMQP_URL: broker.url,
      DATABASE_URL: database.url,
      FLOWS_DIR: join(folder, 'flows'),
    };
    const ahead = `const now = Date.now; Date.now = () => now() + ${5 * MINUTE_MS};`;
    const right = startChild(coordinatorFile, [], environment);
    await right.said('coordinating');
    const { run } = await client.submit('retried', { hold: true });
    const request = await eventually(() => one.requests[0] ?? false, { timeoutMs: 15_000 });
    const wrong = startChild(coordinatorFile, [], {
      ...environment,
      NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(ahead)}`,
    });
    await wrong.said('clock_skewed');
    await wrong.said('coordinating');
    await right.kill();
    // A timer of the one whose clock is wrong runs it to its end.
    expect((await client.run('retried', {})).payload).toEqual({ text: 'in time' });
    await transport.publish([replyTo(request, { text: 'in time, too' })]);
    expect((await client.result(run)).payload).toEqual({ text: 'in time, too' });
    expect(await wrong.stop()).toBe(0);
    await client.close();
    await one.close();
    await transport.close();
    await broker.stop();
    await rm(folder, { recursive: true });
  }, 60_000);
});
