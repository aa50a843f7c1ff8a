import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Provenance } from '../../../shared/envelope/provenance.ts';
import { silentLogger as logger } from '../../../shared/telemetry/logger.ts';
import type { AnyModel } from '../../../shared/worker/model.ts';
import { startWorker } from '../../../shared/worker/worker.ts';
import { AmqpFleet } from '../../support/amqp-fleet.ts';
import { type TestBroker, testBroker } from '../../support/broker.ts';
import { flowOf } from '../../support/flow-text.ts';
import { InProcessFleet } from '../../support/in-process-fleet.ts';
import { misbehaving } from '../../support/misbehaving-models.ts';

const flow = flowOf(`- { step: a, model: plain }
- { set: fixed, value: { text: "'Be kind.'" } }
- step: b
  model: asks
  input: { text: { $text: "\${context.fixed.text} \${context.a.text}" } }`);

let broker: TestBroker;
beforeAll(async () => {
  broker = await testBroker();
}, 120_000);
afterAll(() => broker.stop());

let close: () => Promise<void> = async () => {};
afterEach(() => close());

async function inOneProcess(models: readonly AnyModel[]) {
  const fleet = new InProcessFleet();
  const workers = await Promise.all(
    models.map((model) =>
      startWorker({ model, transport: fleet.transport(model.name), logger, instance: model.name }),
    ),
  );
  close = async () => {
    await Promise.all(workers.map((worker) => worker.stop()));
    await fleet.close();
  };
  await fleet.coordinator([flow]);
  return fleet.client();
}

async function overRabbitMq(models: readonly AnyModel[]) {
  const fleet = new AmqpFleet(broker);
  close = () => fleet.stop();
  for (const model of models) await fleet.worker(model);
  await fleet.coordinator([flow]);
  return fleet.client();
}

describe.each([
  ['in one process', inOneProcess],
  ['over RabbitMQ', overRabbitMq],
])('%s', (_, start) => {
  const told: Record<string, Provenance | undefined> = {};
  beforeEach(() => {
    for (const path of Object.keys(told)) delete told[path];
  });

  it('a model that asks is told whose its input and context are, and no other model is', async () => {
    const asks = misbehaving(
      'asks',
      (_nth, call, input) => {
        told[call.path] = call.provenance;
        return input;
      },
      { provenance: true },
    );
    const plain = misbehaving('plain', (_nth, call, input) => {
      told[call.path] = call.provenance;
      call.patch('language', 'en');
      return input;
    });
    const client = await start([asks.model, plain.model]);
    const result = await client.run('sample', { text: 'hello' }, { context: { topic: 'x' } });
    expect(result.run.status).toBe('succeeded');
    const byPlain = {
      untrusted: true,
      origins: [{ from: 'model', step: 'a', servedBy: ['plain@1'] }],
    };
    expect(told).toEqual({
      a: undefined,
      b: {
        input: byPlain,
        context: {
          topic: { untrusted: true, origins: [{ from: 'job' }] },
          language: byPlain,
          a: byPlain,
          fixed: { untrusted: false, origins: [{ from: 'flow' }] },
        },
      },
    });
  }, 60_000);
});
