import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { jobMessage } from '../../../shared/client/job-message.ts';
import { header } from '../../../shared/envelope/headers.ts';
import { messageIdOf, newId } from '../../../shared/envelope/ids.ts';
import type { JsonObject } from '../../../shared/envelope/json.ts';
import { message } from '../../../shared/envelope/message.ts';
import { retireKeys, rotateKey } from '../../../shared/security/new-keys.ts';
import { identityOf, type Spoke } from '../../../shared/security/spoke.ts';
import { exchange, routingKey, workQueueName } from '../../../shared/transport/topology.ts';
import type {
  Delivery,
  OutgoingMessage,
  Subscription,
  Transport,
} from '../../../shared/transport/transport.ts';
import { type TestBroker, testBroker } from '../../support/broker.ts';
import { chainFlow } from '../../support/chain-flow.ts';
import { eventually } from '../../support/eventually.ts';
import { markingModel } from '../../support/marking-model.ts';
import { hub, SignedFleet } from '../../support/signed-fleet.ts';

vi.setConfig({ testTimeout: 60_000 });

const spokes: readonly Spoke[] = ['coordinator.coordinator', 'worker.one', 'client.shop'];
const shop = identityOf('client.shop');
const flows = [chainFlow(['one'], 'chain', { deadline: '60s' })];
const patiently = { timeoutMs: 30_000 };
const HOUR_MS = 3_600_000;

let broker: TestBroker;
let fleet: SignedFleet;
/** It publishes what is signed already. */
let publisher: Transport;
let called: string[];

beforeEach(async () => {
  broker = await testBroker();
  fleet = new SignedFleet(broker, spokes);
  publisher = await fleet.plain();
  called = [];
});

afterEach(async () => {
  await fleet?.close();
  await broker?.stop();
});

const worker = () => fleet.worker(markingModel('one', '1', called));
const aJob = (payload: JsonObject, nowMs: number, deadlineMs = 60_000) =>
  jobMessage({
    flow: 'chain',
    payload,
    id: newId(),
    idIsNew: true,
    context: {},
    nowMs,
    deadlineMs,
  });
const refused = () => fleet.refusals.map(({ code }) => code);

describe('keys that change over (F46)', () => {
  const rotate = (alg: 'HS256' | 'EdDSA' = 'HS256') => {
    const now = { alg, sealsFromMs: Date.now() } as const;
    for (const spoke of spokes) rotateKey(fleet.folder, spoke, now);
  };
  const job = (text: string) => fleet.by(shop, aJob({ text }, Date.now()));

  it.each(['HS256', 'EdDSA'] as const)(
    'to %s open what waits in a queue and what comes after, and each is answered',
    async (alg) => {
      const early = await fleet.client('shop');
      const texts = ['a', 'b', 'c'];
      const waiting = texts.map((text) => early.run('chain', { text }));
      await fleet.coordinator({ flows });
      // Half of them are signed with the old keys, half with the new ones; nobody was told.
      rotate(alg);
      const fresh = await fleet.client('shop');
      const coming = ['d', 'e', 'f'].map((text) => fresh.run('chain', { text }));
      await worker();
      const results = await Promise.all([...waiting, ...coming]);
      expect(results.map(({ payload }) => payload)).toEqual(
        ['a1', 'b1', 'c1', 'd1', 'e1', 'f1'].map((text) => ({ text })),
      );
      expect(refused()).toEqual([]);
    },
  );

  it("are nobody's once they are retired", async () => {
    const late = job('late');
    rotate();
    for (const spoke of spokes) retireKeys(fleet.folder, spoke, Date.now());
    await fleet.coordinator({ flows });
    await worker();
    await publisher.publish([late]);
    await eventually(async () => {
      const letters = await fleet.store.listDeadLetters({ code: 'unknown_key' }, 10);
      expect(letters).toHaveLength(1);
    }, patiently);
    const client = await fleet.client('shop');
    expect((await client.run('chain', { text: 'new' })).payload).toEqual({ text: 'new1' });
    expect(called).toEqual(['new']);
  });
});

describe('a token whose time is over because its message waited (F47)', () => {
  const thenMs = () => Date.now() - HOUR_MS;

  /** The only message of a type that was seen. */
  async function first(type: string, seen: readonly Delivery[]) {
    const found = await eventually(() => seen.find((one) => one.type === type) ?? false, patiently);
    return JSON.parse(Buffer.from(found.body).toString());
  }

  it('of a job: its client learns that the deadline has passed; nobody takes it for an attack', async () => {
    await fleet.coordinator({ flows });
    await worker();
    const seen = await fleet.tap();
    const late = aJob({ text: 'late' }, thenMs(), 1_000);
    await publisher.publish([fleet.by(shop, late, thenMs())]);
    const { run } = await first('result', seen);
    expect(run).toMatchObject({ status: 'timed_out', error: { code: 'deadline_exceeded' } });
    expect([refused(), called]).toEqual([[], []]);
  });

  it('of a request: its coordinators learn the same from the worker, which calls nothing', async () => {
    await worker();
    const seen = await fleet.tap();
    await publisher.publish([fleet.by(hub, lateRequest(newId(), 's1'), thenMs())]);
    const { outcome } = await first('reply', seen);
    expect(outcome).toMatchObject({ status: 'failed', code: 'deadline_exceeded' });
    expect([refused(), called]).toEqual([[], []]);
  });

  it('of a dead letter: it is believed, and can be replayed', async () => {
    const step = { step: 's1', model: 'one', timeout: '50s', retry: { attempts: 1 } };
    const patient = [{ ...step, input: { text: 'payload.text' } }];
    await fleet.coordinator({
      flows: [chainFlow(['one'], 'chain', { deadline: '60s', do: patient })],
    });
    const client = await fleet.client('shop');
    const silent = await fleet.scripted('one', () => undefined);
    const { run } = await client.submit('chain', { text: 'lost' });
    await eventually(() => silent.requests.length === 1, patiently);
    await silent.close();
    const broken = await rejectingWorker();
    await publisher.publish([fleet.by(hub, lateRequest(run, 's1'), thenMs())]);
    const lost = await client.result(run);
    expect(lost.run.error?.code).toBe('rejected');
    await broken.close();
    await worker();
    const [letter] = await eventually(async () => {
      const letters = await fleet.store.listDeadLetters({ status: 'open' }, 10);
      return letters.length === 1 && letters;
    }, patiently);
    const answer = await client.operation('dead.replay', { id: letter?.id ?? '' });
    const again = 'run' in answer ? answer.run : '';
    expect((await client.result(again)).payload).toEqual({ text: 'lost1' });
    expect(refused()).toEqual([]);
  });

  /** The broker gives up whatever comes: to its dead letters, with the token that it has. */
  async function rejectingWorker(): Promise<Subscription> {
    const ready = Promise.withResolvers<Subscription>();
    const work = await publisher.consume(workQueueName('one', 1), {
      prefetch: 1,
      onBatch: async (deliveries) => (await ready.promise).settle(deliveries, 'reject'),
    });
    ready.resolve(work);
    return work;
  }

  /** A request that had to be answered an hour ago. */
  function lateRequest(run: string, path: string): OutgoingMessage {
    const at = new Date(thenMs()).toISOString();
    const deadline = new Date(thenMs() + 1_000).toISOString();
    const step = { run, path, model: 'one', version: 1, attempt: 1, timeoutMs: 1_000 };
    return message({
      type: 'request',
      exchange: exchange.work,
      routingKey: routingKey.request('one', 1),
      correlationId: run,
      headers: { [header.deadline]: deadline },
      envelope: {
        id: messageIdOf(run, path, 1, 'request'),
        timestamp: at,
        payload: { text: 'lost' },
        context: {},
        step: { ...step, deadline, sentAt: at },
      },
    });
  }
});
