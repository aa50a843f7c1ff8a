import { describe, expect, it } from 'vitest';
import type { ContinuedRunAnswer } from '../../../shared/client/verbs.ts';
import { PermanentError } from '../../../shared/errors/errors.ts';
import { exchange, queue, workQueueName } from '../../../shared/transport/topology.ts';
import type { Delivery, Subscription, Transport } from '../../../shared/transport/transport.ts';
import { eventually } from '../../support/eventually.ts';
import { good, misbehaving } from '../../support/misbehaving-models.ts';
import { PolicyFleet, patient } from '../../support/policy-fleet.ts';
import { announcement } from '../../support/scripted-worker.ts';

const fleet = new PolicyFleet();

const letters = async (count: number) =>
  eventually(async () => {
    const found = await fleet.client.operation('dead.list', { status: 'open' });
    return found.letters.length === count && found.letters;
  }, patient);

/** What becomes of a request, at the hands of whoever takes it from its queue. */
const ends = {
  rejected: async (delivery: Delivery, work: Subscription) => work.settle([delivery], 'reject'),
  expired: async (delivery: Delivery, work: Subscription, transport: Transport) => {
    const { routingKey, body, messageId = '', type = '' } = delivery;
    // Its copy is too old before anybody takes it: this one holds the only place that there is.
    const copy = { exchange: exchange.work, routingKey, body, messageId, type, expirationMs: 1 };
    await transport.publish([copy]);
    await letters(1);
    work.settle([delivery], 'ack');
  },
} as const;

describe('a request that the broker gives up', () => {
  it.each(['rejected', 'expired'] as const)(
    'because it was %s fails its step at once, and can be replayed',
    async (why) => {
      const model = `is-${why}`;
      const transport = await fleet.amqp.transport();
      await transport.declareWorkQueue(model, 1);
      const client = await fleet.coordinate(
        `- { step: a, model: ${model}, retry: { attempts: 1 } }`,
      );
      await transport.publish([announcement(model)]);
      const { run } = await client.submit('sample', { text: 'hello' });
      const taken = Promise.withResolvers<Delivery>();
      const taker = await transport.consume(workQueueName(model, 1), {
        prefetch: 1,
        onBatch: ([delivery]) => delivery && taken.resolve(delivery),
      });
      await ends[why](await taken.promise, taker, transport);
      const result = await client.result(run);
      expect(result.run).toMatchObject({ status: 'failed', error: { code: why, step: 'a' } });
      const [letter] = await letters(1);
      expect(letter).toMatchObject({ code: why, run, path: 'a', attempt: 1, model });
      expect(await transport.readyCount(queue.deadFailed)).toBe(0);
      await taker.close();
      const kind = good(model);
      await fleet.serve(kind);
      const id = letter?.id ?? '';
      const answer = (await client.operation('dead.replay', { id })) as ContinuedRunAnswer;
      const replayed = await client.result(answer.run);
      expect(replayed.payload).toMatchObject({ text: `from ${model}`, degraded: null });
      expect(kind.calls).toHaveLength(1);
    },
  );

  it('is one failure of its step: the next model is asked', async () => {
    const transport = await fleet.amqp.transport();
    await transport.declareWorkQueue('refused', 1);
    await fleet.serve(good());
    const client = await fleet.coordinate(
      '- { step: a, model: refused, retry: { attempts: 1 }, fallback: good }',
    );
    await transport.publish([announcement('refused')]);
    const { run } = await client.submit('sample', { text: 'hello' });
    const work = Promise.withResolvers<Subscription>();
    const taker = await transport.consume(workQueueName('refused', 1), {
      prefetch: 1,
      onBatch: async (deliveries) => (await work.promise).settle(deliveries, 'reject'),
    });
    work.resolve(taker);
    const result = await client.result(run);
    expect(result.run.steps['a']?.degraded).toEqual([{ why: 'fallback', code: 'rejected' }]);
    expect(result.payload).toMatchObject({ by: 'good@1' });
    await taker.close();
  });
});

describe('dead letters of a step', () => {
  it('are counted by cause, edited with a trace, replayed from that step, and dropped', async () => {
    const one = good('one');
    const picky = misbehaving('picky', (_nth, _call, { text }) => {
      if (text !== 'fine') throw new PermanentError('too_hard', `Not ${text}.`);
      return { text: 'yes' };
    });
    await fleet.serve(one);
    await fleet.serve(picky);
    const client = await fleet.coordinate(`
- { step: before, model: one }
- { step: a, model: picky, input: { text: payload.text } }
`);
    for (const text of ['x', 'y']) await client.run('sample', { text });
    const [newest, oldest] = await letters(2);
    const { groups } = await client.operation('dead.list', { group: true });
    expect(groups).toEqual([{ kind: 'failed', code: 'too_hard', model: 'picky', count: 2 }]);
    const id = newest?.id ?? '';
    const { letter } = await client.operation('dead.edit', { id, input: { text: 'fine' } });
    expect(letter.trace).toMatchObject([{ what: 'edited' }]);
    const answer = (await client.operation('dead.replay', { id })) as ContinuedRunAnswer;
    expect(answer).toMatchObject({ reused: ['before'], savedCalls: 1 });
    expect((await client.result(answer.run)).payload).toMatchObject({ text: 'yes' });
    expect(one.calls).toHaveLength(2);
    await client.operation('dead.drop', { id: oldest?.id ?? '' });
    await letters(0);
  });
});
