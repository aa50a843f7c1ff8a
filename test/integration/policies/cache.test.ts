import { describe, expect, it } from 'vitest';
import { PermanentError } from '../../../shared/errors/errors.ts';
import { eventually } from '../../support/eventually.ts';
import { misbehaving } from '../../support/misbehaving-models.ts';
import { PolicyFleet, patient } from '../../support/policy-fleet.ts';

const fleet = new PolicyFleet();

const waiting = (times: number) =>
  eventually(
    () => fleet.amqp.history.filter(({ type }) => type === 'attempt_held').length === times,
    patient,
  );

describe('a cached step', () => {
  it('is called once for runs that ask the same at the same time (single flight), and not by later ones', async () => {
    const gate = Promise.withResolvers<void>();
    const counted = misbehaving('counted', async () => {
      await gate.promise;
      return { text: 'once' };
    });
    await fleet.serve(counted);
    const client = await fleet.coordinate('- { step: a, model: counted, cache: 1h }');
    const results = Array.from({ length: 5 }, () => client.run('sample', { text: 'same' }));
    await waiting(4);
    gate.resolve();
    const by = (await Promise.all(results)).map(({ run }) => run.steps['a']?.servedBy[0]);
    expect(by.toSorted()).toEqual(['cache', 'cache', 'cache', 'cache', 'counted@1']);
    const { run } = await client.run('sample', { text: 'same' });
    expect(run).toMatchObject({ usage: { calls: 0 }, degraded: [] });
    expect(counted.calls).toHaveLength(1);
    await client.run('sample', { text: 'another' });
    expect(counted.calls).toHaveLength(2);
  });

  it('is called by the next one when the call that all waited for fails', async () => {
    const gate = Promise.withResolvers<void>();
    const first = misbehaving('failing', async (nth) => {
      await gate.promise;
      if (nth === 1) throw new PermanentError('broken', 'Only the first one.');
      return { text: 'second' };
    });
    await fleet.serve(first);
    const client = await fleet.coordinate('- { step: a, model: failing, cache: 1h }');
    const results = Array.from({ length: 3 }, () => client.run('sample', { text: 'same' }));
    await waiting(2);
    gate.resolve();
    const ends = (await Promise.all(results)).map(
      ({ run }) => run.error?.code ?? run.steps['a']?.servedBy[0],
    );
    expect(ends.toSorted()).toEqual(['broken', 'cache', 'failing@1']);
    expect(first.calls).toHaveLength(2);
  });
});
