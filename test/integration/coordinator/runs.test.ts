import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { header } from '../../../shared/envelope/headers.ts';
import { loadFlow } from '../../../shared/flow/load.ts';
import { exchange, queue, workQueueName } from '../../../shared/transport/topology.ts';
import { chainFlow } from '../../support/chain-flow.ts';
import { eventually } from '../../support/eventually.ts';
import { InProcessFleet, marks } from '../../support/in-process-fleet.ts';
import { announcement, replyTo } from '../../support/scripted-worker.ts';

let fleet: InProcessFleet;

beforeEach(() => {
  fleet = new InProcessFleet();
});

afterEach(async () => {
  await fleet.close();
  expect(fleet.errors).toEqual([]);
});

/** What stands in the outbox when everything is on its way. */
const outboxIsEmpty = () =>
  eventually(async () => (await fleet.store.takeOverdueOutbox(Infinity, 0, 10)).length === 0);

const historyOf = (run: string) =>
  fleet.history.filter((row) => row.runId === run).map((row) => row.type);

describe('a chain of three', () => {
  it('hands each output to the next model and its result to the client', async () => {
    const workers = [
      await fleet.worker('one', marks('1')),
      await fleet.worker('two', marks('2')),
      await fleet.worker('three', marks('3')),
    ];
    await fleet.coordinator([chainFlow(['one', 'two', 'three'])]);
    const client = await fleet.client();
    const result = await client.run('chain', { text: 'go' }, { id: 'job-1' });
    expect(result).toMatchObject({
      id: 'job-1',
      payload: { text: 'go123' },
      run: { flow: 'chain', version: 1, status: 'succeeded', degraded: [], missing: [] },
    });
    expect(workers.map((worker) => worker.requests.length)).toEqual([1, 1, 1]);
    await outboxIsEmpty();
  });

  it('carries hundreds of jobs at a time, each with its own result', async () => {
    for (const name of ['one', 'two', 'three']) await fleet.worker(name, marks(`.${name}`));
    await fleet.coordinator([chainFlow(['one', 'two', 'three'])]);
    const client = await fleet.client();
    const results = await Promise.all(
      Array.from({ length: 300 }, (_, index) => client.run('chain', { text: `job ${index}` })),
    );
    const texts = results.map(({ payload }) => (payload as { text: string }).text);
    expect(texts).toEqual(texts.map((_, index) => `job ${index}.one.two.three`));
    await outboxIsEmpty();
  });

  it('tells its observer each step, after the commit and in order', async () => {
    await fleet.worker('one', marks('1'));
    await fleet.coordinator([chainFlow(['one'])]);
    const client = await fleet.client();
    const { run } = await client.run('chain', { text: 'go' });
    const types = historyOf(run.id);
    expect(types[0]).toBe('run_accepted');
    expect(types.indexOf('attempt_dispatched')).toBeLessThan(types.indexOf('reply_accepted'));
    expect(types.at(-1)).toBe('run_finished');
    expect((await fleet.store.readHistory(run.id)).map((row) => row.type)).toEqual(types);
  });

  it('carries the trace of its job in every request', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const seen: unknown[] = [];
    const transport = fleet.transport();
    await transport.consumeExclusive(
      { name: 'tap', bindings: [{ exchange: exchange.work, routingKey: '#' }] },
      { prefetch: 10, onBatch: (batch) => void seen.push(...batch.map(({ headers }) => headers)) },
    );
    await fleet.worker('one', marks('1'));
    await fleet.coordinator([chainFlow(['one'])]);
    const client = await fleet.client();
    await client.run('chain', { text: 'go' }, { traceparent, watch: true });
    expect(seen).toEqual([expect.objectContaining({ traceparent, [header.watch]: 'true' })]);
  });

  it('ends failed, with the code and the step, when a model fails for good', async () => {
    await fleet.worker('one', () => ({ fail: 'model_broken' }));
    await fleet.coordinator([chainFlow(['one'])]);
    const { run, payload } = await (await fleet.client()).run('chain', { text: 'go' });
    expect(payload).toBeNull();
    expect(run).toMatchObject({ status: 'failed', error: { code: 'model_broken', step: 's1' } });
  });
});

describe('a reply', () => {
  it('that arrives twice changes nothing', async () => {
    const transport = fleet.transport('one');
    const one = await fleet.worker('one', () => undefined);
    const two = await fleet.worker('two', marks('2'));
    await fleet.coordinator([chainFlow(['one', 'two'])]);
    const client = await fleet.client();
    const { run } = await client.submit('chain', { text: 'go' });
    const request = await eventually(() => one.requests[0] ?? false);
    const reply = replyTo(request, { text: 'first' });
    await transport.publish([reply, replyTo(request, { text: 'second' }), reply]);
    expect((await client.result(run)).payload).toEqual({ text: 'first2' });
    await eventually(
      () => historyOf(run).filter((type) => type === 'reply_duplicate').length === 2,
    );
    expect(two.requests).toHaveLength(1);
    expect(historyOf(run).filter((type) => type === 'run_finished')).toHaveLength(1);
  });

  it('belongs to the run in its step, whatever its correlation id says', async () => {
    const one = await fleet.worker('one', () => undefined);
    await fleet.coordinator([chainFlow(['one'])]);
    const client = await fleet.client();
    const mine = await client.submit('chain', { text: 'mine' });
    const other = await client.submit('chain', { text: 'other' });
    const request = await eventually(
      () => one.requests.find(({ step }) => step.run === mine.run) ?? false,
    );
    const reply = replyTo(request, { text: 'answered' });
    await fleet.transport('one').publish([{ ...reply, correlationId: other.run }]);
    await eventually(() => historyOf(mine.run).includes('run_finished'));
    expect(historyOf(other.run)).not.toContain('reply_accepted');
  });

  it('to a run that nobody knows is taken from the queue and changes nothing', async () => {
    const one = await fleet.worker('one', marks('1'));
    await fleet.coordinator([chainFlow(['one'])]);
    const client = await fleet.client();
    await client.run('chain', { text: 'go' });
    const [request] = one.requests;
    if (!request) throw new Error('no request');
    const step = { ...request.step, run: '6f2b0a4e-8d5f-5c39-9d9f-000000000000' };
    await fleet.transport('one').publish([replyTo({ ...request, step }, { text: 'x' })]);
    await client.run('chain', { text: 'again' });
    expect(fleet.broker.readyCount(queue.replies)).toBe(0);
    expect(await fleet.store.findRun(step.run)).toBeUndefined();
  });

  it('that nobody can read is parked, and its neighbours in the batch are not harmed', async () => {
    const transport = fleet.transport('one');
    const one = await fleet.worker('one', () => undefined);
    await fleet.coordinator([chainFlow(['one'])]);
    const client = await fleet.client();
    const { run } = await client.submit('chain', { text: 'go' });
    const request = await eventually(() => one.requests[0] ?? false);
    const good = replyTo(request, { text: 'good' });
    const dead = await fleet.deadLetters();
    await transport.publish([{ ...good, body: Buffer.from('{"id":') }, good]);
    expect((await client.result(run)).payload).toEqual({ text: 'good' });
    const [parked] = await eventually(() => dead.length > 0 && dead);
    expect(parked?.routingKey).toBe('unprocessable');
    expect(parked?.headers[header.reason]).toBe('bad_json');
    expect(Buffer.from(parked?.body ?? []).toString()).toBe('{"id":');
  });
});

describe('a flow whose model was never announced', () => {
  it('is pending, and goes on when a worker announces it', async () => {
    await fleet.coordinator([chainFlow(['late'])]);
    const client = await fleet.client();
    const { run } = await client.submit('chain', { text: 'go' });
    await eventually(async () => (await fleet.store.findRun(run))?.status === 'pending');
    await fleet.worker('late', marks('!'));
    expect((await client.result(run)).payload).toEqual({ text: 'go!' });
  });

  it('ends model_unavailable at the deadline', async () => {
    await fleet.coordinator([chainFlow(['never'])]);
    const client = await fleet.client();
    const { run } = await client.run('chain', { text: 'go' }, { deadlineMs: 2_000 });
    expect(run).toMatchObject({ status: 'failed', error: { code: 'model_unavailable' } });
  });

  it('has the work queue of that model from the start', async () => {
    await fleet.coordinator([chainFlow(['late'])]);
    expect(fleet.broker.has(workQueueName('late', 1))).toBe(true);
  });

  it('is remembered as announced by the next coordinator, also with no worker alive', async () => {
    const coordinator = await fleet.coordinator([chainFlow(['one'])]);
    await fleet.transport().publish([announcement('one', 2)]);
    await eventually(async () => (await fleet.store.manifests()).length === 1);
    await coordinator.stop();
    await fleet.coordinator([chainFlow(['one'])]);
    const { run } = await (await fleet.client()).submit('chain', { text: 'go' });
    await eventually(async () => (await fleet.store.findRun(run))?.status === 'running');
    // The store shows the run before its request is published.
    await eventually(() => fleet.broker.readyCount(workQueueName('one', 2)) === 1);
  });
});

describe('time', () => {
  it('ends a run at its deadline, and a reply after it changes nothing', async () => {
    const one = await fleet.worker('one', () => undefined);
    await fleet.coordinator([chainFlow(['one'])]);
    const client = await fleet.client();
    const { run } = await client.run('chain', { text: 'go' }, { deadlineMs: 2_000 });
    expect(run).toMatchObject({ status: 'timed_out', error: { code: 'deadline_exceeded' } });
    const [request] = one.requests;
    if (!request) throw new Error('no request');
    await fleet.transport('one').publish([replyTo(request, { text: 'late' })]);
    await eventually(() => historyOf(run.id).includes('reply_late'));
    expect((await fleet.store.findRun(run.id))?.status).toBe('timed_out');
  });
});

describe('a map that calls no model', () => {
  it('is decided however many elements it has', async () => {
    const flow = loadFlow(
      JSON.stringify({
        flow: 'squares',
        version: 1,
        description: 'Sets a value for each element.',
        input: { type: 'object' },
        do: [
          {
            map: 'squares',
            over: 'payload.list',
            as: 'each',
            do: [{ set: 'square', value: 'context.?tone.orValue(each * each)' }],
          },
        ],
      }),
    );
    await fleet.coordinator([flow]);
    const list = Array.from({ length: 1_000 }, (_, index) => index);
    const { run, payload } = await (await fleet.client()).run('squares', { list });
    expect(run.error).toBeUndefined();
    expect(payload).toEqual(list.map((each) => each * each));
  });
});

describe('progress', () => {
  /** A worker that tells of its call once under each of these routing keys, and then answers. */
  async function telling(...routingKeys: readonly string[]): Promise<void> {
    const transport = fleet.transport('one');
    await fleet.worker('one', async (request) => {
      const { step } = request;
      const messages = routingKeys.map((key, index) => {
        const told = { sequence: index + 1, token: key };
        const text = Buffer.from(replyTo(request, told).body).toString();
        const { outcome: _, ...envelope } = JSON.parse(text);
        return {
          exchange: exchange.progress,
          routingKey: key,
          body: Buffer.from(JSON.stringify(envelope)),
          messageId: envelope.id,
          type: 'progress',
          correlationId: step.run,
        };
      });
      await transport.publish(messages);
      return { text: 'done' };
    });
  }

  it('of a watched run reaches its client', async () => {
    await telling('one.progress');
    await fleet.coordinator([chainFlow(['one'])]);
    const client = await fleet.client();
    const heard: unknown[] = [];
    client.onProgress(({ payload }) => heard.push(payload));
    await client.run('chain', { text: 'go' }, { watch: true });
    await eventually(() => heard.length === 1);
    await client.run('chain', { text: 'go' });
    expect(heard).toEqual([{ sequence: 1, token: 'one.progress' }]);
  });

  it('that one model tells of another’s call reaches nobody', async () => {
    await telling('two.progress', 'one.progress');
    await fleet.coordinator([chainFlow(['one'])]);
    const client = await fleet.client();
    const heard: unknown[] = [];
    client.onProgress(({ payload }) => heard.push(payload));
    await client.run('chain', { text: 'go' }, { watch: true });
    await eventually(() => heard.length > 0);
    expect(heard).toEqual([{ sequence: 2, token: 'one.progress' }]);
  });
});
