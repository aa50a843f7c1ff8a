import { afterEach, describe, expect, it } from 'vitest';
import { startCoordinator } from '../../../services/coordinator/coordinator.ts';
import { openDelivery } from '../../../shared/envelope/open-delivery.ts';
import { silentLogger } from '../../../shared/telemetry/logger.ts';
import { MemoryBroker } from '../../../shared/transport/memory/broker.ts';
import { connectMemory } from '../../../shared/transport/memory/transport.ts';
import { workQueueName } from '../../../shared/transport/topology.ts';
import { chainFlow } from '../../support/chain-flow.ts';
import { eventually } from '../../support/eventually.ts';
import { InProcessFleet } from '../../support/in-process-fleet.ts';
import { replyTo } from '../../support/scripted-worker.ts';

const fleet = new InProcessFleet();
const deaf = new MemoryBroker();
const transport = connectMemory(deaf);

afterEach(async () => {
  await transport.close();
  await fleet.close();
});

describe('a coordinator that missed an announcement', () => {
  it('goes on with a run that another coordinator of the same store began', async () => {
    const flow = chainFlow(['one', 'two']);
    const coordinator = await startCoordinator({
      store: fleet.store,
      transport,
      flows: [flow],
      instance: 'deaf',
      logger: silentLogger,
    });
    // Announcements reach the other coordinator alone.
    const worker = await fleet.worker('one', () => undefined);
    await fleet.worker('two', () => undefined);
    await fleet.coordinator([flow]);
    const client = await fleet.client();
    await client.submit('chain', { text: 'go' });
    const [request] = await eventually(() => worker.requests.length > 0 && worker.requests);
    if (!request) throw new Error('There is no request.');

    await transport.publish([replyTo(request, { text: 'go1' })]);

    const work = workQueueName('two', 1);
    const [next] = await eventually(() => {
      const waiting = deaf.waiting(work);
      return waiting.length > 0 && waiting;
    });
    const fields = { contentType: undefined, contentEncoding: undefined, redelivered: false };
    const { payload } = openDelivery('request', { ...next!, ...fields });
    expect(payload).toEqual({ text: 'go1' });
    await coordinator.stop();
  });
});
