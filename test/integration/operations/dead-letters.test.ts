import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newId } from '../../../shared/envelope/ids.ts';
import { exchange, queue } from '../../../shared/transport/topology.ts';
import { chainFlow } from '../../support/chain-flow.ts';
import { eventually } from '../../support/eventually.ts';
import { InProcessFleet } from '../../support/in-process-fleet.ts';
import { returningWorker } from '../../support/returning-worker.ts';
import { announcement } from '../../support/scripted-worker.ts';

let fleet: InProcessFleet;

beforeEach(() => {
  fleet = new InProcessFleet();
});

afterEach(async () => {
  await fleet.close();
  expect(fleet.errors).toEqual([]);
});

const letters = (count = 1) =>
  eventually(async () => {
    const found = await fleet.store.listDeadLetters({}, 100);
    return found.length >= count && found;
  });

describe('the drain', () => {
  it('keeps a step whose ladder is spent, once', async () => {
    await fleet.worker('one', () => ({ fail: 'too_hard' }));
    await fleet.coordinator([chainFlow(['one'])]);
    const client = await fleet.client();
    const { run } = await client.run('chain', { text: 'go' });
    const found = await letters();
    expect(found).toMatchObject([
      { kind: 'failed', code: 'too_hard', runId: run.id, path: 's1', model: 'one' },
    ]);
    expect(found[0]?.input).toEqual({ text: 'go' });
  });

  it('fails the attempt whose request the broker gave up, with one letter for it', async () => {
    await fleet.coordinator([chainFlow(['one'])]);
    await returningWorker(fleet.transport('one'), 'one');
    const client = await fleet.client();
    const { run } = await client.run('chain', { text: 'go' });
    expect(run).toMatchObject({
      status: 'failed',
      error: { code: 'delivery_limit', step: 's1', attempt: 1 },
    });
    await eventually(() => fleet.broker.readyCount(queue.deadFailed) === 0);
    expect(await letters()).toMatchObject([{ code: 'delivery_limit', input: { text: 'go' } }]);
  });

  it('lets a step go down its ladder when the broker gave up its request', async () => {
    const two = await fleet.worker('two', () => ({ text: 'from two' }));
    const step = { step: 's1', model: 'one', fallback: 'two', input: { text: 'payload.text' } };
    const output = { text: 'context.s1.text' };
    await fleet.coordinator([chainFlow(['one'], 'chain', { do: [step], output })]);
    await returningWorker(fleet.transport('one'), 'one');
    const client = await fleet.client();
    const { payload, run } = await client.run('chain', { text: 'go' });
    expect([payload, run.degraded]).toEqual([{ text: 'from two' }, ['s1']]);
    expect(two.requests).toHaveLength(1);
  });

  it('keeps what nobody could read, and its neighbours', async () => {
    await fleet.coordinator([]);
    const transport = fleet.transport();
    const broken = (body: string) => ({
      exchange: exchange.jobs,
      routingKey: 'chain',
      body: Buffer.from(body),
      messageId: newId(),
      type: 'job',
    });
    await transport.publish([broken('{"token": "abc"'), broken('[1]')]);
    const found = await letters(2);
    expect(found.map(({ code, body }) => [code, body]).sort()).toEqual([
      ['bad_json', '{"token": [redacted]'],
      ['not_an_object', '[1]'],
    ]);
    expect(fleet.broker.readyCount(queue.deadUnprocessable)).toBe(0);
  });

  it('goes on where an earlier coordinator was stopped', async () => {
    const first = await fleet.coordinator([chainFlow(['one'])]);
    await fleet.transport().publish([announcement('one')]);
    await eventually(async () => (await fleet.store.manifests()).length === 1);
    const client = await fleet.client();
    const { run } = await client.submit('chain', { text: 'go' });
    await eventually(() => fleet.broker.readyCount('work.one.v1') === 1);
    await first.stop();
    const worker = await returningWorker(fleet.transport('one'), 'one');
    await eventually(() => fleet.broker.readyCount(queue.deadFailed) === 1);
    await worker.close();
    await fleet.coordinator([chainFlow(['one'])]);
    expect((await client.result(run)).run.error?.code).toBe('delivery_limit');
  });
});
