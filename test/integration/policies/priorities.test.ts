import { expect, it } from 'vitest';
import type { Priority } from '../../../shared/envelope/priority.ts';
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
  const submit = (text: string, priority: Priority) =>
    fleet.client.submit('sample', { text }, { priority });
  const told = (type: string) => fleet.amqp.history.filter((entry) => entry.type === type).length;
  await submit('first', 'background');
  await eventually(() => order.length === 1, patient);
  const each: readonly Priority[] = ['background', 'normal', 'urgent'];
  // Calls of a model with a limit are all held until they are given a place, the first one too.
  for (const [count, priority] of [...each, ...each].entries()) {
    await submit(priority, priority);
    await eventually(() => told('attempt_held') === count + 2, patient);
  }
  gate.resolve();
  await eventually(() => told('run_finished') === 7, patient);
  expect(order).toEqual(['first', ...each.toReversed().flatMap((word) => [word, word])]);
});
