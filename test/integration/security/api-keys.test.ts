import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientsOf } from '../../../services/coordinator/access/clients-file.ts';
import { Tenants } from '../../../services/coordinator/tenants.ts';
import { apiKeyHash, apiKeyText, newApiKey } from '../../../shared/client/api-key.ts';
import { type Client, connectClient } from '../../../shared/client/client.ts';
import type { Result } from '../../../shared/envelope/envelope.ts';
import { runIdOf } from '../../../shared/envelope/ids.ts';
import { AmqpFleet } from '../../support/amqp-fleet.ts';
import { type TestBroker, testBroker } from '../../support/broker.ts';
import { chainFlow } from '../../support/chain-flow.ts';
import { eventually } from '../../support/eventually.ts';
import { marks } from '../../support/in-process-fleet.ts';
import { type ScriptedWorker, scriptedWorker } from '../../support/scripted-worker.ts';

const [shop, busy, stranger] = [newApiKey('shop'), newApiKey('busy'), newApiKey('shop')];
const keptOf = (key: typeof shop) => ({ id: key.id, sha256: apiKeyHash(key) });
const clients = clientsOf({
  others: { may: ['read'] },
  clients: {
    shop: { may: ['submit', 'read'], flows: ['chain'], priority: 'normal', keys: [keptOf(shop)] },
    busy: { perMinute: 1, keys: [keptOf(busy)] },
  },
});
const tenants = new Tenants({ tenants: { acme: { clients: ['shop'] } } });

let broker: TestBroker;
let fleet: AmqpFleet;
let worker: ScriptedWorker;

beforeAll(async () => {
  broker = await testBroker();
  fleet = new AmqpFleet(broker);
  await fleet.coordinator([chainFlow(['one']), chainFlow(['one'], 'secret')], { clients, tenants });
  worker = await scriptedWorker(await fleet.transport(), 'one', marks('1'));
});
afterAll(async () => {
  await worker?.close();
  await fleet?.stop();
  await broker?.stop();
});

async function clientWith(apiKey?: string, tenant = 'default'): Promise<Client> {
  const transport = await fleet.transport();
  return connectClient({ transport, tenant, ...(apiKey === undefined ? {} : { apiKey }) });
}

const refusedAs = (code: string) => ({
  run: expect.objectContaining({ status: 'failed', error: expect.objectContaining({ code }) }),
});

describe('over RabbitMQ, a client', () => {
  it('is known by its key: its tenant, its runs and its results are those of the client that the key names', async () => {
    const client = await clientWith(apiKeyText(shop), 'acme');
    const { id, run } = await client.submit('chain', { text: 'go' });
    expect((await client.result(run)).payload).toEqual({ text: 'go1' });
    expect(run).toBe(runIdOf('acme', 'shop', id));
    const { runs } = await client.operation('run.list', {});
    expect(runs.map((one) => (one as { id: string }).id)).toEqual([run]);
    await client.close();
  });

  it('is as urgent as it asks, and no more than it may: its result and its run say so', async () => {
    const client = await clientWith(apiKeyText(shop), 'acme');
    const urgent = await client.run('chain', { text: 'go' }, { priority: 'urgent' });
    expect(urgent.run.priority).toEqual({ asked: 'urgent', given: 'normal' });
    const background = await client.run('chain', { text: 'go' }, { priority: 'background' });
    expect(background.run).not.toHaveProperty('priority');
    const toldOf = async ({ run }: Result) =>
      (await client.operation('run.get', { run: run.id })).run;
    expect(await toldOf(urgent)).toMatchObject({ priority: 'normal', askedPriority: 'urgent' });
    const [given, asked] = ['background', 'background'];
    expect(await toldOf(background)).toMatchObject({ priority: given, askedPriority: asked });
    await client.close();
  });

  it('with a key may do what the file says and nothing else', async () => {
    const client = await clientWith(apiKeyText(shop), 'acme');
    expect(await client.run('secret', { text: 'go' })).toMatchObject(refusedAs('not_allowed'));
    await expect(client.operation('model.pause', { model: 'one' })).rejects.toMatchObject({
      code: 'not_allowed',
    });
    await client.close();
  });

  it('without a key is whom the broker attests, and may do what others may', async () => {
    const client = await clientWith();
    const calls = worker.requests.length;
    expect(await client.run('chain', { text: 'go' })).toMatchObject(refusedAs('not_allowed'));
    const { runs } = await client.operation('run.list', {});
    expect(runs).toEqual([]);
    expect(worker.requests).toHaveLength(calls);
    await client.close();
  });

  it('that sends more than its rate is told when to come again', async () => {
    const client = await clientWith(apiKeyText(busy));
    expect((await client.run('chain', { text: 'go' })).run.status).toBe('succeeded');
    expect(await client.run('chain', { text: 'again' })).toMatchObject(refusedAs('rate_limited'));
    await client.close();
  });

  it('with a key that nobody knows is answered nothing; its job is parked without the key', async () => {
    const client = await clientWith(apiKeyText(stranger), 'acme');
    const calls = worker.requests.length;
    await client.submit('chain', { text: 'go' });
    const [letter] = await eventually(async () => {
      const letters = await fleet.store.listDeadLetters({ code: 'api_key_unknown' }, 10);
      return letters.length > 0 && letters;
    });
    expect(letter).toMatchObject({ kind: 'unprocessable' });
    expect(JSON.stringify(letter)).not.toContain(stranger.secret);
    expect(worker.requests).toHaveLength(calls);
    await client.close();
  });
});
