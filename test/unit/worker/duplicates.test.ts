import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { queue } from '../../../shared/transport/topology.ts';
import { eventually } from '../../support/eventually.ts';
import { echo, MemoryBench, request } from './harness.ts';

let bench: MemoryBench;
beforeEach(async () => {
  bench = await MemoryBench.start();
});
afterEach(() => bench.tearDown());

describe('a request that is delivered again', () => {
  it('joins the call that is running: one call, one reply, both deliveries settled', async () => {
    const finish = Promise.withResolvers<void>();
    let calls = 0;
    const model = echo({
      async run(input) {
        calls += 1;
        await finish.promise;
        return input;
      },
    });
    const worker = await bench.worker(model);
    const asked = request({ text: 'x' });
    await bench.sendAll([asked, asked]);
    await eventually(() => calls === 1 && bench.broker.readyCount('work.echo.v1') === 0);
    await bench.send(asked);
    await eventually(() => bench.broker.readyCount('work.echo.v1') === 0);
    finish.resolve();
    await eventually(() => bench.replies.length > 0);
    await worker.stop();
    expect(calls).toBe(1);
    expect(bench.replies).toHaveLength(1);
    expect(bench.broker.readyCount('work.echo.v1')).toBe(0);
  });

  it('gets the stored reply again without a second call', async () => {
    let calls = 0;
    const model = echo({
      run() {
        calls += 1;
        return { text: `answer ${calls}` };
      },
    });
    await bench.worker(model);
    const asked = request({ text: 'x' });
    const first = await bench.ask(asked);
    const second = await bench.ask(asked);
    expect(second).toEqual(first);
    expect(calls).toBe(1);
  });

  it('is a call of its own when the attempt, the path or the run is another', async () => {
    let calls = 0;
    const model = echo({
      run(input) {
        calls += 1;
        return input;
      },
    });
    await bench.worker(model);
    const asked = request({ text: 'x' });
    await bench.ask(asked);
    await bench.ask(request({ text: 'x' }, { run: asked.step.run, attempt: 2 }));
    await bench.ask(request({ text: 'x' }, { run: asked.step.run, path: 'answer/2' }));
    expect(calls).toBe(3);
  });
});

describe('what is no request', () => {
  it('is parked with its reason, acked and never run', async () => {
    let calls = 0;
    const model = echo({
      run(input) {
        calls += 1;
        return input;
      },
    });
    const worker = await bench.worker(model);
    await bench.transport.publish([
      {
        exchange: 'flotilla.work',
        routingKey: 'echo.v1',
        body: Buffer.from('{"not": "a request"}'),
        messageId: 'm-1',
        type: 'request',
        headers: { 'flotilla-token': 'secret' },
      },
    ]);
    const [dead] = await eventually(() => {
      const waiting = bench.broker.waiting(queue.deadUnprocessable);
      return waiting.length > 0 && waiting;
    });
    expect(Buffer.from(dead?.body ?? []).toString()).toBe('{"not": "a request"}');
    expect(dead?.messageId).toBe('m-1');
    expect(dead?.headers['flotilla-reason']).toBe('schema_invalid');
    expect(dead?.headers['flotilla-reason-message']).toEqual(expect.any(String));
    expect(dead?.headers['flotilla-token']).toBeUndefined();
    await worker.stop();
    expect(bench.broker.readyCount('work.echo.v1')).toBe(0);
    expect(calls).toBe(0);
    expect(bench.replies).toEqual([]);
  });

  it('is parked as not_your_route when it is for another model or version', async () => {
    await bench.worker(echo());
    await bench.sendAll([
      request({ text: 'x' }, { model: 'other' }),
      request({ text: 'x' }, { version: 2 }),
    ]);
    await eventually(() => bench.broker.waiting(queue.deadUnprocessable).length === 2);
    const reasons = bench.broker
      .waiting(queue.deadUnprocessable)
      .map(({ headers }) => headers['flotilla-reason']);
    expect(reasons).toEqual(['not_your_route', 'not_your_route']);
  });

  it('does not harm its neighbours', async () => {
    await bench.worker(echo());
    const good = request({ text: 'good' });
    await bench.sendAll([request({ text: 'x' }, { version: 3 }), good]);
    await eventually(() => bench.repliesTo(good).length === 1);
  });
});
