import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCoordinator } from '../../../services/coordinator/coordinator.ts';
import { openSqliteStore } from '../../../services/coordinator/store/sqlite/sqlite-store.ts';
import type { Store } from '../../../services/coordinator/store/store.ts';
import { type Client, connectClient } from '../../../shared/client/client.ts';
import { jobMessage } from '../../../shared/client/job-message.ts';
import { header } from '../../../shared/envelope/headers.ts';
import { newId } from '../../../shared/envelope/ids.ts';
import { message } from '../../../shared/envelope/message.ts';
import { keysInFolder } from '../../../shared/security/key-store.ts';
import { addKeys, retireKeys, rotateKey } from '../../../shared/security/new-keys.ts';
import { seal } from '../../../shared/security/seal.ts';
import { securedTransport } from '../../../shared/security/secured-transport.ts';
import { type Identity, identityOf, type Spoke } from '../../../shared/security/spoke.ts';
import { silentLogger as logger } from '../../../shared/telemetry/logger.ts';
import { connectAmqp } from '../../../shared/transport/amqp/transport.ts';
import { exchange, exchanges, routingKey } from '../../../shared/transport/topology.ts';
import type { Delivery, OutgoingMessage, Transport } from '../../../shared/transport/transport.ts';
import { startWorker } from '../../../shared/worker/worker.ts';
import { type TestBroker, testBroker } from '../../support/broker.ts';
import { chainFlow } from '../../support/chain-flow.ts';
import { eventually } from '../../support/eventually.ts';
import { markingModel } from '../../support/marking-model.ts';
import { replyTo, scriptedWorker } from '../../support/scripted-worker.ts';

const spokes: readonly Spoke[] = [
  'coordinator.coordinator',
  'worker.one',
  'worker.two',
  'client.shop',
  'client.blog',
];
const [coordinator, one, two, shop] = spokes.map(identityOf) as [
  Identity,
  Identity,
  Identity,
  Identity,
];

/** Often, so that nobody waits for keys that change over. */
const LOOK_EVERY_MS = 100;

let broker: TestBroker;
let folder: string;
let store: Store;
const called: string[] = [];
let client: Client;
/** It signs nothing: whoever has got hold of the broker. */
let intruder: Transport;
const seen: Delivery[] = [];
const closers: (() => Promise<unknown>)[] = [];

async function plain(): Promise<Transport> {
  const transport = await connectAmqp({ url: broker.url, logger });
  closers.push(() => transport.close());
  return transport;
}

async function signed(identity: Identity, unsignedJobs = false): Promise<Transport> {
  const keys = keysInFolder(folder, identity, logger, LOOK_EVERY_MS);
  return securedTransport(await plain(), { identity, keys, unsignedJobs, logger });
}

/** Everything that is published, as anybody may see it who may bind. */
async function tap(): Promise<void> {
  const transport = await plain();
  const ready = Promise.withResolvers<void>();
  const subscription = await transport.consumeExclusive(
    {
      name: `client.tap.${newId()}`,
      bindings: exchanges.map(({ name }) => ({ exchange: name, routingKey: '#' })),
    },
    {
      prefetch: 100,
      onBatch: async (deliveries) => {
        await ready.promise;
        seen.push(...deliveries);
        subscription.settle(deliveries, 'ack');
      },
    },
  );
  ready.resolve();
}

beforeAll(async () => {
  broker = await testBroker();
  folder = mkdtempSync(join(tmpdir(), 'flotilla-keys-'));
  addKeys(folder, spokes, { alg: 'HS256', sealsFromMs: Date.now() - 1_000 });
  store = openSqliteStore(':memory:');
  const started = await startCoordinator({
    store,
    transport: await signed(coordinator),
    flows: [chainFlow(['one']), chainFlow(['two'], 'other', { deadline: '30s' })],
    instance: 'c1',
    logger,
  });
  closers.push(() => started.stop());
  await tap();
  const worker = await startWorker({
    model: markingModel('one', '1', called),
    transport: await signed(one),
    instance: 'w1',
    logger,
  });
  closers.push(() => worker.stop());
  client = await connectClient({ transport: await signed(shop) });
  closers.push(() => client.close());
  intruder = await plain();
});

afterAll(async () => {
  for (const close of closers.reverse()) await close();
  await store?.close();
  await broker?.stop();
  rmSync(folder, { recursive: true });
});

/** A message by whoever has these keys. */
function by(identity: Identity, spec: OutgoingMessage): OutgoingMessage {
  const keys = keysInFolder(folder, identity, logger);
  keys.close();
  return seal(spec, identity, keys.ring, Date.now());
}

function aJob(text = 'go'): OutgoingMessage {
  return jobMessage({
    id: newId(),
    idIsNew: true,
    context: {},
    flow: 'chain',
    payload: { text },
    nowMs: Date.now(),
  });
}

function anOperation(verb: string, payload: { [name: string]: string }): OutgoingMessage {
  return message({
    type: 'operation',
    exchange: exchange.operations,
    routingKey: verb,
    envelope: { id: newId(), timestamp: new Date().toISOString(), payload, context: {} },
  });
}

async function parkedWith(code: string, count: number): Promise<void> {
  await eventually(async () => {
    const letters = await store.listDeadLetters({ code }, 100);
    expect(letters.length).toBeGreaterThanOrEqual(count);
  });
}

describe('a signed fleet over RabbitMQ', () => {
  it('answers a job, and all that it says on the way carries a token', async () => {
    const result = await client.run('chain', { text: 'go' });
    expect(result.payload).toEqual({ text: 'go1' });
    await eventually(() => seen.some(({ type }) => type === 'result'));
    const unsigned = seen.filter(({ headers }) => headers[header.token] === undefined);
    expect(unsigned.map(({ type, routingKey: key }) => `${type} ${key}`)).toEqual([]);
    expect(new Set(seen.map(({ type }) => type))).toEqual(
      new Set(['job', 'request', 'reply', 'result', 'control']),
    );
    // The client is whom its token names, whoever the broker says it is.
    expect((await store.findRun(result.run.id))?.client).toBe('shop');
  });

  it('refuses jobs and operations without a token, of strangers, or changed on the way; no model is called', async () => {
    const calls = called.length;
    const job = by(shop, aJob());
    const changed = { ...job, body: Buffer.from(String(job.body).replace('go', 'no')) };
    await intruder.publish([
      aJob(),
      by(one, aJob()),
      changed,
      { ...job, messageId: newId() },
      { ...job, headers: { ...job.headers, [header.priority]: 2 } },
      { ...job, headers: { ...job.headers, [header.token]: 'no token' } },
      anOperation('model.pause', { model: 'one' }),
      by(two, anOperation('model.pause', { model: 'one' })),
    ]);
    await parkedWith('token_missing', 2);
    await parkedWith('not_your_route', 2);
    await parkedWith('body_mismatch', 1);
    await parkedWith('binding_mismatch', 2);
    await parkedWith('token_malformed', 1);
    expect(called).toHaveLength(calls);
    expect((await client.run('chain', { text: 'still' })).payload).toEqual({ text: 'still1' });
  });

  it('believes no reply but that of the model it asked', async () => {
    const held = Promise.withResolvers<void>();
    const slow = await scriptedWorker(await signed(two), 'two', async () => {
      await held.promise;
      return { text: 'right' };
    });
    const { run } = await client.submit('other', { text: 'go' });
    const [request] = await eventually(() => slow.requests.length === 1 && slow.requests);
    if (request === undefined) throw new Error('no request');
    const forged = replyTo(request, { text: 'wrong' });
    const before = (await store.listDeadLetters({ code: 'not_your_route' }, 100)).length;
    await intruder.publish([
      forged,
      by(one, forged),
      by(shop, forged),
      by(one, { ...forged, routingKey: routingKey.reply('one', 'succeeded') }),
    ]);
    await parkedWith('not_your_route', before + 2);
    await parkedWith('binding_mismatch', 3);
    const lie = { ...request, step: { ...request.step, model: 'one' } };
    await intruder.publish([by(one, replyTo(lie, { text: 'wrong' }))]);
    await eventually(async () =>
      (await store.readHistory(run)).some(({ type }) => type === 'reply_unknown'),
    );
    held.resolve();
    expect((await client.result(run)).payload).toEqual({ text: 'right' });
    await slow.close();
  });

  it('runs no request that its coordinators did not send, and obeys nobody else', async () => {
    const calls = called.length;
    const { run } = await client.run('chain', { text: 'go' });
    const at = new Date().toISOString();
    const step = {
      run: run.id,
      path: 's1',
      model: 'one',
      version: 1,
      attempt: 9,
      timeoutMs: 1_000,
    };
    const forged = message({
      type: 'request',
      exchange: exchange.work,
      routingKey: routingKey.request('one', 1),
      correlationId: run.id,
      envelope: {
        id: newId(),
        timestamp: at,
        payload: { text: 'forged' },
        context: {},
        step: { ...step, deadline: new Date(Date.now() + 60_000).toISOString(), sentAt: at },
      },
    });
    const asWorker = by(one, forged);
    await intruder.publish([forged, asWorker, by(shop, forged)]);
    await eventually(async () => {
      const letters = await store.listDeadLetters({ kind: 'unprocessable' }, 100);
      expect(letters.filter(({ body }) => body.includes('forged')).length).toBeGreaterThanOrEqual(
        3,
      );
    });
    expect(called).toHaveLength(calls + 1);
  });

  it('goes on while keys change over, and refuses the old ones when they are retired', async () => {
    const job = by(shop, aJob('old'));
    const texts = Array.from({ length: 40 }, (_, n) => `${n}`);
    const results = texts.map(async (text, index) => {
      if (index === 10) {
        const now = { alg: 'HS256', sealsFromMs: Date.now() } as const;
        for (const spoke of spokes) rotateKey(folder, spoke, now);
      }
      return (await client.run('chain', { text })).payload;
    });
    expect(await Promise.all(results)).toEqual(texts.map((text) => ({ text: `${text}1` })));
    await eventually(everybodySignsAnew);
    for (const spoke of spokes) retireKeys(folder, spoke, Date.now());
    // Until all have put the old ones away.
    await eventually(async () => {
      await intruder.publish([job]);
      return (await store.listDeadLetters({ code: 'unknown_key' }, 1)).length > 0;
    });
    expect((await client.run('chain', { text: 'new' })).payload).toEqual({ text: 'new1' });
  });
});

/** The newest message of each type is signed with the newest key. */
async function everybodySignsAnew(): Promise<boolean> {
  await client.run('chain', { text: 'again' });
  const keys = keysInFolder(folder, coordinator, logger);
  keys.close();
  return ['job', 'request', 'reply', 'result'].every((type) => {
    const token = String(seen.findLast((one) => one.type === type)?.headers[header.token]);
    const used = keys.ring.opening(token.split('.')[0] ?? '');
    return used !== undefined && used === keys.ring.sealing(used.spoke, Date.now());
  });
}
