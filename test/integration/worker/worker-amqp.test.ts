import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connectAmqp } from '../../../shared/transport/amqp/transport.ts';
import { queue, workQueueName } from '../../../shared/transport/topology.ts';
import type { Transport } from '../../../shared/transport/transport.ts';
import { type TestBroker, testBroker } from '../../support/broker.ts';
import { eventually } from '../../support/eventually.ts';
import { TcpProxy } from '../../support/tcp-proxy.ts';
import { Bench, echo, request } from '../../unit/worker/harness.ts';

const work = workQueueName('echo', 1);
let broker: TestBroker;
let bench: Bench;
beforeAll(async () => {
  broker = await testBroker();
});
afterAll(() => broker.stop());
beforeEach(async () => {
  bench = new Bench(await connectAmqp({ url: broker.url }));
  await bench.listen();
});
afterEach(() => bench.tearDown());

describe('a worker on RabbitMQ', () => {
  it('answers many requests, each once, and leaves none behind', async () => {
    const worker = await bench.worker(echo(), { concurrency: 50 });
    const asked = Array.from({ length: 500 }, (_value, index) => request({ text: `${index}` }));
    await bench.sendAll(asked);
    await eventually(() => bench.replies.length >= 500);
    const answers = new Map(bench.replies.map(({ step, payload }) => [step.run, payload]));
    for (const { step, payload } of asked) expect(answers.get(step.run)).toEqual(payload);
    await worker.stop();
    expect(bench.replies).toHaveLength(500);
    expect(await bench.transport.readyCount(work)).toBe(0);
  });

  it('sends progress to whoever watches', async () => {
    const model = echo({
      run(input, call) {
        call.emit({ page: 1 });
        return input;
      },
    });
    await bench.worker(model);
    await bench.ask(request({ text: 'x' }), { 'flotilla-watch': 'true' });
    await eventually(() => bench.progress.length === 1);
    expect(bench.progress[0]?.payload).toEqual({ sequence: 1, page: 1 });
  });

  it('parks what is no request', async () => {
    await bench.worker(echo());
    const body = Buffer.from('not JSON at all');
    const wrong = { exchange: 'flotilla.work', routingKey: 'echo.v1', messageId: 'm', type: 'job' };
    await bench.transport.publish([{ ...wrong, body }]);
    await eventually(async () => (await bench.transport.readyCount(queue.deadUnprocessable)) === 1);
    expect(await bench.transport.readyCount(work)).toBe(0);
  });

  it('gives back what it cannot finish when it stops, for the next worker', async () => {
    const worker = await bench.worker(echo({ run: () => new Promise(() => {}) }), { drainMs: 20 });
    const asked = request({ text: 'x' });
    await bench.send(asked);
    await eventually(() => worker.openCalls === 1);
    await worker.stop();
    await bench.worker(echo());
    await eventually(() => bench.repliesTo(asked).length === 1);
    expect(bench.repliesTo(asked)[0]?.outcome.status).toBe('succeeded');
  });
});

describe('a worker whose connection breaks', () => {
  let proxy: TcpProxy;
  let transport: Transport;
  beforeEach(async () => {
    const { hostname, port } = new URL(broker.url);
    proxy = await TcpProxy.start({ host: hostname, port: Number(port || 5672) });
    transport = await connectAmqp({ url: proxy.url(broker.url) });
  });
  afterEach(async () => {
    proxy.heal();
    await transport.close();
    await proxy.close();
  });

  it('goes on with the running call: the redelivery joins it, the model is called once', async () => {
    const finish = Promise.withResolvers<void>();
    let calls = 0;
    const model = echo({
      async run(input) {
        calls += 1;
        await finish.promise;
        return input;
      },
    });
    const worker = await bench.worker(model, { transport });
    const asked = request({ text: 'x' });
    await bench.send(asked);
    await eventually(() => calls === 1);
    proxy.reset();
    await eventually(() => !worker.listening);
    await eventually(() => worker.listening, { timeoutMs: 10_000 });
    finish.resolve();
    await eventually(() => bench.repliesTo(asked).length >= 1, { timeoutMs: 10_000 });
    await worker.stop();
    expect(calls).toBe(1);
    expect(await bench.transport.readyCount(work)).toBe(0);
  });

  it('answers after the outage with what it had computed, without a second call', async () => {
    let calls = 0;
    const finish = Promise.withResolvers<void>();
    const model = echo({
      async run(input) {
        calls += 1;
        await finish.promise;
        return input;
      },
    });
    const worker = await bench.worker(model, { transport });
    const asked = request({ text: 'x' });
    await bench.send(asked);
    await eventually(() => calls === 1);
    proxy.refuse();
    await eventually(() => !worker.listening);
    finish.resolve();
    await eventually(() => worker.openCalls === 0);
    proxy.heal();
    await eventually(() => bench.repliesTo(asked).length >= 1, { timeoutMs: 15_000 });
    await eventually(() => worker.listening, { timeoutMs: 10_000 });
    await worker.stop();
    expect(calls).toBe(1);
    expect(await bench.transport.readyCount(work)).toBe(0);
  });
});
