import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { silentLogger as logger } from '../../../shared/telemetry/logger.ts';
import { queue, workQueueName } from '../../../shared/transport/topology.ts';
import { defineModel } from '../../../shared/worker/model.ts';
import { startWorker, type Worker } from '../../../shared/worker/worker.ts';
import { chainFlow } from '../../support/chain-flow.ts';
import { eventually } from '../../support/eventually.ts';
import { InProcessFleet } from '../../support/in-process-fleet.ts';

let fleet: InProcessFleet;
let asked: string[];
const workers: Worker[] = [];

beforeEach(() => {
  fleet = new InProcessFleet();
  asked = [];
});

afterEach(async () => {
  for (const worker of workers.splice(0)) await worker.stop();
  await fleet.close();
  expect(fleet.errors).toEqual([]);
});

const one = defineModel({
  name: 'one',
  version: 1,
  description: 'A model of a test.',
  input: z.object({ text: z.string() }),
  output: z.object({ text: z.string() }),
  concurrency: 4,
  run: ({ text }) => {
    asked.push(text);
    return { text: `${text}1` };
  },
});

async function worker(instance: string): Promise<Worker> {
  const started = await startWorker({
    model: one,
    transport: fleet.transport('one'),
    logger,
    instance,
  });
  workers.push(started);
  return started;
}

describe('model.pause', () => {
  it('keeps a model from being asked until it is let go on; nothing is lost', async () => {
    const first = await worker('a');
    await fleet.coordinator([chainFlow(['one'])]);
    const client = await fleet.client('ann');
    await client.run('chain', { text: 'before' });
    const reason = 'It costs too much.';
    expect(await client.operation('model.pause', { model: 'one', reason })).toEqual({
      model: 'one',
      paused: true,
    });
    await eventually(() => !first.listening);
    const runs = await Promise.all(['x', 'y'].map((text) => client.submit('chain', { text })));
    const second = await worker('b');
    await eventually(() => !second.listening);
    const { models } = await client.operation('model.list', {});
    expect(models).toMatchObject([
      {
        model: 'one',
        versions: [1],
        description: 'A model of a test.',
        workers: 2,
        concurrency: 8,
        paused: { by: 'ann', reason },
      },
    ]);
    expect(asked).toEqual(['before']);
    await client.operation('model.continue', { model: 'one' });
    const results = await Promise.all(runs.map(({ run }) => client.result(run)));
    expect(results.map(({ payload }) => payload)).toEqual([{ text: 'x1' }, { text: 'y1' }]);
    expect((await client.operation('model.list', {})).models[0]?.paused).toBeNull();
    expect(await fleet.store.listDeadLetters({}, 10)).toEqual([]);
    expect(fleet.broker.readyCount(queue.deadFailed)).toBe(0);
  });

  it('holds for requests that were in its queue already', async () => {
    await fleet.coordinator([chainFlow(['one'], 'chain', { deadline: '1m' })]);
    const early = await worker('a');
    const client = await fleet.client();
    await client.run('chain', { text: 'known' });
    await early.stop();
    const { run } = await client.submit('chain', { text: 'queued' });
    await eventually(() => fleet.broker.readyCount(workQueueName('one', 1)) === 1);
    await client.operation('model.pause', { model: 'one' });
    await client.operation('model.continue', { model: 'one' });
    await worker('b');
    expect((await client.result(run)).payload).toEqual({ text: 'queued1' });
  });

  it('is known to the next coordinator', async () => {
    await worker('a');
    const first = await fleet.coordinator([chainFlow(['one'])]);
    const client = await fleet.client();
    await client.operation('model.pause', { model: 'one' });
    await first.stop();
    await fleet.coordinator([chainFlow(['one'])]);
    const { models } = await client.operation('model.list', {});
    expect(models[0]?.paused).toMatchObject({ by: 'tester', reason: null });
  });

  it('of a model that nobody knows is refused with those that are known', async () => {
    await fleet.coordinator([chainFlow(['one'])]);
    const client = await fleet.client();
    for (const verb of ['model.pause', 'model.continue'] as const) {
      await expect(client.operation(verb, { model: 'two' })).rejects.toMatchObject({
        code: 'model_unknown',
        message: 'No model two was ever announced. There are: one.',
      });
    }
    const odd = client.operation('model.pause', { model: 'A.B' });
    await expect(odd).rejects.toMatchObject({ code: 'input_invalid' });
  });
});
