import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Client, connectClient } from '../../../shared/client/client.ts';
import { jobMessage } from '../../../shared/client/job-message.ts';
import { header } from '../../../shared/envelope/headers.ts';
import { newId } from '../../../shared/envelope/ids.ts';
import { message } from '../../../shared/envelope/message.ts';
import { exchange, routingKey } from '../../../shared/transport/topology.ts';
import type { OutgoingMessage, Transport } from '../../../shared/transport/transport.ts';
import { type TestBroker, testBroker } from '../../support/broker.ts';
import { chainFlow } from '../../support/chain-flow.ts';
import { eventually } from '../../support/eventually.ts';
import { markingModel } from '../../support/marking-model.ts';
import { hub, SignedFleet } from '../../support/signed-fleet.ts';

vi.setConfig({ testTimeout: 60_000 });

let broker: TestBroker;
let fleet: SignedFleet;
/** It has no keys. */
let stranger: Transport;
let client: Client;
const called: string[] = [];

beforeAll(async () => {
  broker = await testBroker();
  fleet = new SignedFleet(broker, ['worker.one', 'client.shop']);
  await fleet.coordinator({
    flows: [chainFlow(['one'], 'chain', { deadline: '60s' })],
    transport: await fleet.signed(hub, { unsignedJobs: true }),
  });
  await fleet.worker(markingModel('one', '1', called));
  stranger = await fleet.plain();
  client = await connectClient({ transport: stranger });
});

afterAll(async () => {
  await client?.close();
  await fleet?.close();
  await broker?.stop();
});

const aJob = () =>
  jobMessage({
    flow: 'chain',
    payload: { text: 'go' },
    id: newId(),
    idIsNew: true,
    context: {},
    nowMs: Date.now(),
  });

/** The code with which each of them is parked, in their order. */
async function codesOf(messages: readonly OutgoingMessage[]): Promise<(string | undefined)[]> {
  await stranger.publish(messages);
  const code = (id: string) => fleet.refusals.find(({ messageId }) => messageId === id)?.code;
  await eventually(() => messages.every(({ messageId }) => code(messageId) !== undefined), {
    timeoutMs: 30_000,
  });
  return messages.map(({ messageId }) => code(messageId));
}

describe('where jobs may come without a token', () => {
  it('one is answered, and its client is whom the broker attests', async () => {
    const result = await client.run('chain', { text: 'go' });
    expect(result.payload).toEqual({ text: 'go1' });
    const run = await fleet.store.findRun(result.run.id);
    expect(run?.client).toBe(stranger.userId);
  });

  it('one with a token is checked as everywhere', async () => {
    const calls = called.length;
    const withToken = (token: string) => {
      const job = aJob();
      return { ...job, headers: { ...job.headers, [header.token]: token } };
    };
    const foreign = fleet.by({ party: 'worker', name: 'one' }, aJob());
    expect(await codesOf([withToken('no token'), withToken(''), foreign])).toEqual([
      'token_malformed',
      'token_malformed',
      'not_your_route',
    ]);
    expect(called).toHaveLength(calls);
  });

  it('nothing else may come without', async () => {
    const envelope = {
      id: newId(),
      timestamp: new Date().toISOString(),
      payload: { model: 'one' },
      context: {},
    };
    const operation = message({
      type: 'operation',
      exchange: exchange.operations,
      routingKey: 'model.pause',
      envelope,
    });
    const reply = { ...aJob(), exchange: exchange.replies, type: 'reply' };
    const request = { ...aJob(), exchange: exchange.work, type: 'request' };
    const refused = await codesOf([
      operation,
      { ...reply, routingKey: routingKey.reply('one', 'succeeded') },
      { ...request, routingKey: routingKey.request('one', 1) },
    ]);
    expect(refused).toEqual(['token_missing', 'token_missing', 'token_missing']);
    expect((await client.run('chain', { text: 'well' })).payload).toEqual({ text: 'well1' });
  });
});
