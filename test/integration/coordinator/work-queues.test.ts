import { afterEach, expect, it } from 'vitest';
import { startCoordinator } from '../../../services/coordinator/coordinator.ts';
import { openSqliteStore } from '../../../services/coordinator/store/sqlite/sqlite-store.ts';
import { newId } from '../../../shared/envelope/ids.ts';
import { silentLogger } from '../../../shared/telemetry/logger.ts';
import { MemoryBroker } from '../../../shared/transport/memory/broker.ts';
import { connectMemory } from '../../../shared/transport/memory/transport.ts';
import { exchange, workKey } from '../../../shared/transport/topology.ts';
import { flowOf } from '../../support/flow-text.ts';

const transport = connectMemory(new MemoryBroker());
const store = openSqliteStore(':memory:');
afterEach(async () => {
  await transport.close();
  await store.close();
});

it('a coordinator makes the queue of every model that its flows may call, before any worker is there', async () => {
  const flow = flowOf(
    '- { step: a, model: own, fallback: [other, third@2] }',
    'budget: { calls: 2, onExceeded: { model: cheap } }\n',
  );
  const coordinator = await startCoordinator({
    store,
    transport,
    flows: [flow],
    instance: 'first',
    logger: silentLogger,
  });
  try {
    const models = [
      ['own', 1],
      ['other', 1],
      ['third', 2],
      ['cheap', 1],
      ['nobody', 1],
    ] as const;
    const outcomes = await transport.publish(
      models.map(([model, version]) => ({
        exchange: exchange.work,
        routingKey: workKey(model, version),
        body: new Uint8Array(),
        messageId: newId(),
        type: 'request',
        mandatory: true,
      })),
    );
    const taken = Array.from({ length: 4 }, () => 'confirmed');
    expect(outcomes.map(({ status }) => status)).toEqual([...taken, 'unroutable']);
  } finally {
    await coordinator.stop();
  }
});
