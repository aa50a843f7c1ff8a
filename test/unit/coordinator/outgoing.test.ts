import { describe, expect, it } from 'vitest';
import { Outgoing } from '../../../services/coordinator/outbox/outgoing.ts';
import { silentLogger } from '../../../shared/telemetry/logger.ts';
import { MemoryBroker } from '../../../shared/transport/memory/broker.ts';
import { connectMemory } from '../../../shared/transport/memory/transport.ts';
import { anOutboxRow } from '../../support/run-builder.ts';
import { type FlakyTransport, flaky } from '../worker/flaky-transport.ts';

async function outgoingOver(outcome: FlakyTransport['outcome']) {
  const transport = flaky(connectMemory(new MemoryBroker()));
  await transport.declareWorkQueue('one', 1);
  transport.outcome = outcome;
  let told = 0;
  const outgoing = new Outgoing(transport, silentLogger, () => {
    told += 1;
  });
  return { outgoing, told: () => told };
}

const rows = [anOutboxRow('one', { routingKey: 'one.v1' })];

describe('an outbox row', () => {
  it.each(['unconfirmed', 'rejected', 'unroutable'] as const)(
    'stays in the store when its message is %s',
    async (outcome) => {
      const { outgoing, told } = await outgoingOver(outcome);
      await outgoing.publish(rows);
      expect(outgoing.takeConfirmed()).toEqual([]);
      expect(told()).toBe(0);
    },
  );

  it('is deleted once its message is confirmed, and not before', async () => {
    const { outgoing, told } = await outgoingOver('confirmed');
    const publishing = outgoing.publish(rows);
    expect(outgoing.takeConfirmed()).toEqual([]);
    await publishing;
    expect(outgoing.takeConfirmed()).toEqual(['one']);
    expect(outgoing.takeConfirmed()).toEqual([]);
    expect(told()).toBe(1);
  });

  it('is deleted later when the transaction that should have done it failed', async () => {
    const { outgoing } = await outgoingOver('confirmed');
    await outgoing.publish(rows);
    outgoing.giveBackConfirmed(outgoing.takeConfirmed());
    expect(outgoing.takeConfirmed()).toEqual(['one']);
  });
});
