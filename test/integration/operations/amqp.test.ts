import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ContinuedRunAnswer } from '../../../shared/client/verbs.ts';
import { queue, workQueueName } from '../../../shared/transport/topology.ts';
import { AmqpFleet } from '../../support/amqp-fleet.ts';
import { breakableChain } from '../../support/breakable-chain.ts';
import { type TestBroker, testBroker } from '../../support/broker.ts';
import { chainFlow } from '../../support/chain-flow.ts';
import { eventually } from '../../support/eventually.ts';
import { flowOf } from '../../support/flow-text.ts';
import { endless, misbehaving } from '../../support/misbehaving-models.ts';
import { plainOperations } from '../../support/plain-operations.ts';
import { announcement } from '../../support/scripted-worker.ts';

/** Operations over RabbitMQ, with real workers. */

let broker: TestBroker;
let fleet: AmqpFleet;

beforeAll(async () => {
  broker = await testBroker();
}, 120_000);
afterAll(() => broker.stop());
beforeEach(() => {
  fleet = new AmqpFleet(broker);
});
afterEach(() => fleet.stop());

const slow = { timeoutMs: 20_000 };

describe('run.cancel over RabbitMQ', () => {
  it('tells the worker that is at it to stop, and what waits for it is not run', async () => {
    const stuck = misbehaving('stuck', endless, { concurrency: 1 });
    await fleet.worker(stuck.model);
    await fleet.coordinator([chainFlow(['stuck'], 'chain', { deadline: '1m' })]);
    const client = await fleet.client();
    const first = await client.submit('chain', { text: 'a' });
    await eventually(() => stuck.calls.length === 1, slow);
    const second = await client.submit('chain', { text: 'b' });
    await eventually(() => fleet.told(second.run).includes('attempt_dispatched'), slow);
    for (const { run } of [second, first]) await client.cancel(run, 'Enough.');
    await eventually(() => stuck.stopped.length === 1, slow);
    expect(stuck.stopped[0]).toMatchObject({ code: 'cancelled' });
    for (const { run } of [first, second]) {
      expect((await client.result(run)).run).toMatchObject({ status: 'cancelled' });
      expect(fleet.told(run).filter((type) => type === 'run_finished')).toHaveLength(1);
    }
    expect(stuck.calls).toHaveLength(1);
  });
});

describe('a request that kills its worker', () => {
  it('fails its step at the delivery limit, and is one dead letter that can be replayed', async () => {
    await fleet.coordinator([chainFlow(['deadly'], 'chain', { deadline: '1m' })]);
    const client = await fleet.client();
    const transport = await fleet.transport();
    await transport.declareWorkQueue('deadly', 1);
    await transport.publish([announcement('deadly')]);
    const { run } = await client.submit('chain', { text: 'go' });
    let crashes = 0;
    while (!fleet.told(run).includes('run_finished')) {
      if (!(await crashOnce())) break;
      crashes += 1;
    }
    expect((await client.result(run)).run).toMatchObject({
      status: 'failed',
      error: { code: 'delivery_limit', step: 's1' },
    });
    expect(crashes).toBe(11);
    const { letters } = await eventually(async () => {
      const found = await client.operation('dead.list', {});
      return found.letters.length > 0 && found;
    }, slow);
    expect(letters).toMatchObject([{ code: 'delivery_limit', run, path: 's1', model: 'deadly' }]);
    expect(await transport.readyCount(queue.deadFailed)).toBe(0);
    const kind = misbehaving('deadly', (_nth, _call, { text }) => ({ text: `${text}!` }));
    await fleet.worker(kind.model);
    const id = letters[0]?.id ?? '';
    const answer = (await client.operation('dead.replay', { id })) as ContinuedRunAnswer;
    expect((await client.result(answer.run)).payload).toEqual({ text: 'go!' });
  });

  /** Takes one request and is gone without a word. Answers false when there was none for 5 s. */
  async function crashOnce(): Promise<boolean> {
    const worker = await fleet.transport();
    const taken = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => taken.resolve(false), 5_000);
    await worker.consume(workQueueName('deadly', 1), {
      prefetch: 1,
      onBatch: () => taken.resolve(true),
    });
    const took = await taken.promise;
    clearTimeout(timer);
    await worker.close();
    return took;
  }
});

describe('a paused model over RabbitMQ', () => {
  it('is asked nothing, not even by a new worker; nothing ends in the dead letters', async () => {
    const echo = misbehaving('echo', (_nth, _call, { text }) => ({ text }), { concurrency: 2 });
    const first = await fleet.worker(echo.model);
    await fleet.coordinator([chainFlow(['echo'], 'chain', { deadline: '1m' })]);
    const client = await fleet.client();
    await client.run('chain', { text: 'before' });
    await client.operation('model.pause', { model: 'echo', reason: 'Kill switch.' });
    await eventually(() => !first.listening, slow);
    const texts = Array.from({ length: 20 }, (_, index) => `job ${index}`);
    const jobs = await Promise.all(texts.map((text) => client.submit('chain', { text })));
    const late = await fleet.worker(echo.model);
    await eventually(() => !late.listening, slow);
    await eventually(async () => {
      const { runs } = await client.operation('run.list', { status: 'running' });
      return runs.length === 20;
    }, slow);
    expect(echo.calls).toHaveLength(1);
    await client.operation('model.continue', { model: 'echo' });
    const results = await Promise.all(jobs.map(({ run }) => client.result(run)));
    expect(results.map(({ payload }) => payload)).toEqual(texts.map((text) => ({ text })));
    expect(echo.calls).toHaveLength(21);
    expect((await client.operation('dead.list', {})).letters).toEqual([]);
  });
});

describe('going on over RabbitMQ', () => {
  it('signal, resume, rerun and a group of letters work as in one process', async () => {
    const chain = breakableChain();
    await fleet.worker(chain.one.model);
    await fleet.worker(chain.two.model);
    const asking = flowOf(
      `
- wait: approval
  ask: { question: "'Go?'" }
`,
      'output: context.approval',
    );
    await fleet.coordinator([chainFlow(['one', 'two']), asking]);
    const client = await fleet.client();
    const waiting = await client.submit('sample', {});
    await eventually(() => fleet.told(waiting.run).includes('wait_began'), slow);
    await client.signal(waiting.run, 'approval', { go: true });
    expect((await client.result(waiting.run)).payload).toEqual({ go: true });

    const failed = await Promise.all(['a', 'b', 'c'].map((text) => client.run('chain', { text })));
    const [first, ...others] = failed.map(({ run }) => run.id);
    await eventually(async () => {
      const { letters } = await client.operation('dead.list', {});
      return letters.length === 3;
    }, slow);
    chain.broken = false;
    const plain = await plainOperations(await fleet.transport());
    const [answer, again] = await plain.ask('run.resume', { run: first }, 2);
    expect(answer?.payload).toMatchObject({ reused: ['s1'], savedCalls: 1, savedMicroUsd: 1_200 });
    expect(again).toEqual(answer);
    const resumed = await client.result(String(answer?.payload['run']));
    expect(resumed.payload).toEqual({ text: 'a12' });
    await client.operation('dead.replay', { filter: { model: 'two' }, perMinute: 600 });
    await eventually(async () => {
      const { replays } = await client.operation('dead.list', {});
      return replays.length === 1 && replays.every(({ done, replayed }) => done && replayed === 3);
    }, slow);
    for (const run of others) {
      const about = await client.operation('run.get', { run });
      const [next] = about.run.continuedBy;
      expect((await client.result(next?.run ?? '')).run.status).toBe('succeeded');
    }
    expect(chain.one.calls).toHaveLength(3);
  });
});
