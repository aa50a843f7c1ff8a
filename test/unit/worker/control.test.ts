import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { newId } from '../../../shared/envelope/ids.ts';
import type { JsonObject } from '../../../shared/envelope/json.ts';
import { type Manifest, manifestSchema } from '../../../shared/envelope/manifest.ts';
import { message } from '../../../shared/envelope/message.ts';
import { openDelivery } from '../../../shared/envelope/open-delivery.ts';
import { exchange, routingKey } from '../../../shared/transport/topology.ts';
import { eventually } from '../../support/eventually.ts';
import { echo, MemoryBench, request } from './harness.ts';

let bench: MemoryBench;
let announced: Manifest[];
beforeEach(async () => {
  bench = await MemoryBench.start();
  announced = [];
  const heard = bench.transport.consumeExclusive(
    {
      name: 'control.coordinator.test',
      bindings: [{ exchange: exchange.control, routingKey: 'announced.*' }],
    },
    {
      prefetch: 100,
      onBatch: async (deliveries) => {
        for (const delivery of deliveries) {
          announced.push(manifestSchema.parse(openDelivery('control', delivery).payload));
        }
        (await heard).settle(deliveries, 'ack');
      },
    },
  );
  await heard;
});
afterEach(() => bench.tearDown());

async function tell(key: string, payload: JsonObject): Promise<void> {
  const timestamp = new Date().toISOString();
  const envelope = { id: newId(), timestamp, payload, context: {} };
  await bench.transport.publish([
    message({ type: 'control', exchange: exchange.control, routingKey: key, envelope }),
  ]);
}

/** Runs until its signal fires. */
const patient = echo({
  async run(input, { signal }) {
    await once(signal, 'abort');
    return input;
  },
});

describe('an announcement', () => {
  it('says at the start what the model is, with JSON Schemas of its contract', async () => {
    const model = echo({
      input: z.object({ text: z.string(), language: z.exactOptional(z.string()) }),
      timeoutMs: 5_000,
      prices: { microUsdPerCall: 3 },
    });
    await bench.worker(model, { instance: 'w1', concurrency: 7 });
    const [manifest] = await eventually(() => announced.length > 0 && announced);
    expect(manifest).toMatchObject({
      name: 'echo',
      version: 1,
      description: 'Says what it was told.',
      concurrency: 7,
      instance: 'w1',
      timeoutMs: 5_000,
      prices: { microUsdPerCall: 3 },
      inputSchema: {
        type: 'object',
        required: ['text'],
        properties: { text: { type: 'string' }, language: { type: 'string' } },
      },
    });
  });

  it('is repeated', async () => {
    await bench.worker(echo(), { announceEveryMs: 5 });
    await eventually(() => announced.length >= 3);
  });

  it('is made when asked for, and not after the stop', async () => {
    const worker = await bench.worker(echo());
    await tell(routingKey.ask('echo'), {});
    await eventually(() => announced.length === 2);
    await worker.stop();
    await tell(routingKey.ask('echo'), {});
    await bench.worker(echo());
    await eventually(() => announced.length === 3);
  });
});

describe('a cancellation', () => {
  it('fires the signals of the calls of that run alone; they fail as cancelled', async () => {
    const worker = await bench.worker(patient);
    const cancelled = request({ text: 'a' });
    const other = request({ text: 'b' });
    await bench.sendAll([cancelled, other]);
    await eventually(() => worker.openCalls === 2);
    await tell(routingKey.cancel('echo'), { run: cancelled.step.run });
    await eventually(() => bench.repliesTo(cancelled).length === 1);
    expect(bench.repliesTo(cancelled)[0]?.outcome).toMatchObject({
      code: 'cancelled',
      retryable: false,
    });
    expect(worker.openCalls).toBe(1);
    await tell(routingKey.cancel('echo'), { run: other.step.run });
    await eventually(() => bench.repliesTo(other).length === 1);
  });

  it('may mean one path or one attempt', async () => {
    const worker = await bench.worker(patient);
    const one = request({ text: 'a' }, { path: 'a' });
    const two = request({ text: 'b' }, { run: one.step.run, path: 'b', attempt: 2 });
    await bench.sendAll([one, two]);
    await eventually(() => worker.openCalls === 2);
    await tell(routingKey.cancel('echo'), { run: one.step.run, path: 'b', attempt: 1 });
    await tell(routingKey.cancel('echo'), { run: one.step.run, path: 'b', attempt: 2 });
    await eventually(() => bench.repliesTo(two).length === 1);
    expect(bench.repliesTo(one)).toEqual([]);
    await tell(routingKey.cancel('echo'), { run: one.step.run });
    await eventually(() => bench.repliesTo(one).length === 1);
  });

  it('reaches a call that still waits for its turn, which is then never run', async () => {
    let calls = 0;
    const model = echo({
      batch: { size: 2, withinMs: 60_000 },
      async runBatch(inputs) {
        calls += inputs.length;
        return [...inputs];
      },
    });
    const worker = await bench.worker(model);
    const asked = request({ text: 'a' });
    await bench.send(asked);
    await eventually(() => worker.openCalls === 1);
    await tell(routingKey.cancel('echo'), { run: asked.step.run });
    await eventually(() => bench.repliesTo(asked).length === 1);
    expect(calls).toBe(0);
  });
});

describe('a cancellation that comes before its request', () => {
  it('is remembered: the request is answered, and not run', async () => {
    let calls = 0;
    const model = echo({
      async run(input) {
        calls += 1;
        return input;
      },
    });
    const worker = await bench.worker(model);
    await tell(routingKey.state('echo'), { paused: true });
    await eventually(() => !worker.listening);
    const cancelled = request({ text: 'a' }, { path: 'a' });
    const other = request({ text: 'b' }, { run: cancelled.step.run, path: 'b' });
    await bench.sendAll([cancelled, other]);
    const { run, path, attempt } = cancelled.step;
    await tell(routingKey.cancel('echo'), { run, path, attempt });
    await tell(routingKey.state('echo'), { paused: false });
    await eventually(() => bench.repliesTo(cancelled).length + bench.repliesTo(other).length === 2);
    expect(bench.repliesTo(cancelled)[0]?.outcome).toMatchObject({ code: 'cancelled' });
    expect(bench.repliesTo(other)[0]?.outcome).toMatchObject({ status: 'succeeded' });
    expect(calls).toBe(1);
  });
});

describe('the state', () => {
  it('pauses a worker and lets it go on', async () => {
    const worker = await bench.worker(echo());
    await tell(routingKey.state('echo'), { paused: true });
    await eventually(() => !worker.listening);
    const asked = request({ text: 'x' });
    await bench.send(asked);
    expect(bench.broker.readyCount('work.echo.v1')).toBe(1);
    await tell(routingKey.state('echo'), { paused: false });
    await eventually(() => bench.repliesTo(asked).length === 1);
  });
});

describe('a control message that cannot be read', () => {
  it('is ignored, and the next one is obeyed', async () => {
    await bench.worker(echo());
    await tell(routingKey.cancel('echo'), { run: 'not a run' });
    await tell(routingKey.state('echo'), { paused: 'perhaps' });
    await tell(routingKey.ask('echo'), {});
    await eventually(() => announced.length === 2);
  });
});
