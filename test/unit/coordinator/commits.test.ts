import { afterEach, expect, it } from 'vitest';
import { Commits } from '../../../services/coordinator/commits.ts';
import { FlowBook } from '../../../services/coordinator/flow-book.ts';
import { Outgoing } from '../../../services/coordinator/outbox/outgoing.ts';
import { ValuesCache } from '../../../services/coordinator/run-values.ts';
import { Sharing } from '../../../services/coordinator/sharing.ts';
import { openSqliteStore } from '../../../services/coordinator/store/sqlite/sqlite-store.ts';
import { Tenants } from '../../../services/coordinator/tenants.ts';
import type { Task } from '../../../services/coordinator/transition.ts';
import { silentLogger as logger } from '../../../shared/telemetry/logger.ts';
import { MemoryBroker } from '../../../shared/transport/memory/broker.ts';
import { connectMemory } from '../../../shared/transport/memory/transport.ts';
import { eventually } from '../../support/eventually.ts';
import { anOutboxRow } from '../../support/run-builder.ts';

const store = openSqliteStore(':memory:');
afterEach(() => store.close());

it('what a batch sends leaves at once, also when it shares its transaction with one that sends nothing', async () => {
  const transport = connectMemory(new MemoryBroker());
  await transport.declareWorkQueue('one', 1);
  const outgoing = new Outgoing(transport, logger, () => {});
  const { models, limits, breakers } = new Sharing({
    store,
    transport,
    instance: 'test',
    tenants: new Tenants(),
    logger,
    now: Date.now,
    storeAvailable: () => true,
    commit: async () => {},
  });
  const desk = {
    store,
    flows: new FlowBook([]),
    models,
    values: new ValuesCache(1_000),
    limits,
    breakers,
    logger,
    now: Date.now,
  };
  const commits = new Commits({
    desk,
    outgoing,
    logger,
    stop: new AbortController().signal,
    onLeaseLost: () => {},
    onStoreAway: () => {},
    onDue: () => {},
    onRun: () => {},
    onCommitted: () => {},
  });
  const task: Task = {
    runId: '0b9f9d1e-6d1c-5d0e-9a0b-3f1d6f0a5b11',
    decide: async (draft) => draft.publish(anOutboxRow('row', { routingKey: 'one.v1' })),
    giveUp: () => {},
  };
  const confirmedOnly = commits.commit([]);
  const batch = commits.commit([task]);
  await Promise.all([confirmedOnly, batch]);
  await eventually(async () => expect(await transport.readyCount('work.one.v1')).toBe(1));
  await transport.close();
});
