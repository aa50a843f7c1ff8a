import { expect, it } from 'vitest';
import { header } from '../../../shared/envelope/headers.ts';
import { newId } from '../../../shared/envelope/ids.ts';
import { message } from '../../../shared/envelope/message.ts';
import { exchange } from '../../../shared/transport/topology.ts';
import { eventually } from '../../support/eventually.ts';
import { misbehaving } from '../../support/misbehaving-models.ts';
import { PolicyFleet, patient } from '../../support/policy-fleet.ts';

const fleet = new PolicyFleet();

it('a model that is saturated is given urgent calls first, then normal ones, then those in the background', async () => {
  const gate = Promise.withResolvers<void>();
  const order: string[] = [];
  const busy = misbehaving(
    'busy',
    async (_nth, _call, { text }) => {
      order.push(text);
      await gate.promise;
      return { text };
    },
    { limits: { inFlight: 1 } },
  );
  await fleet.serve(busy);
  await fleet.coordinate('- { step: a, model: busy }');
  const transport = await fleet.amqp.transport();
  const submit = async (text: string, priority: number) => {
    const timestamp = new Date().toISOString();
    const job = message({
      type: 'job',
      exchange: exchange.jobs,
      routingKey: 'sample',
      headers: { [header.priority]: priority },
      envelope: { id: newId(), timestamp, payload: { text }, context: {} },
    });
    await transport.publish([job]);
  };
  const told = (type: string) => fleet.amqp.history.filter((entry) => entry.type === type).length;
  await submit('first', 0);
  await eventually(() => order.length === 1, patient);
  const waiting = ['background 0', 'normal 1', 'urgent 2', 'background 0', 'normal 1', 'urgent 2'];
  // Calls of a model with a limit are all held until they are given a place, the first one too.
  for (const [count, text] of waiting.entries()) {
    await submit(text, Number(text.at(-1)));
    await eventually(() => told('attempt_held') === count + 2, patient);
  }
  gate.resolve();
  await eventually(() => told('run_finished') === 7, patient);
  const [urgent, normal, background] = ['urgent 2', 'normal 1', 'background 0'];
  expect(order).toEqual(['first', urgent, urgent, normal, normal, background, background]);
});
