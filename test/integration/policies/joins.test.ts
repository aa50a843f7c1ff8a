import { describe, expect, it } from 'vitest';
import { PermanentError } from '../../../shared/errors/errors.ts';
import { eventually } from '../../support/eventually.ts';
import { endless, gated, good, misbehaving } from '../../support/misbehaving-models.ts';
import { PolicyFleet, patient } from '../../support/policy-fleet.ts';

const fleet = new PolicyFleet();

describe('a join that is decided', () => {
  it('has its other branches told to stop (nestjs/bull #2671)', async () => {
    const slow = misbehaving('slow', endless);
    const quick = gated('quick');
    await fleet.serve(slow);
    await fleet.serve(quick);
    const nodes = `
- parallel: p
  join: any
  branches: [{ step: x, model: slow }, { step: a, model: quick }]
`;
    const client = await fleet.coordinate(nodes, 'output: { text: context.p.a.text }');
    const { run } = await client.submit('sample', { text: 'hello' });
    await eventually(() => slow.calls.length === 1, patient);
    quick.release();
    const result = await client.result(run);
    expect(result.run).toMatchObject({ status: 'succeeded', missing: ['p/x'] });
    await eventually(() => slow.stopped.length === 1, patient);
    expect(slow.stopped).toEqual([expect.objectContaining({ code: 'cancelled' })]);
  });

  it('needs as many as it says, and stops all others', async () => {
    const slow = misbehaving('endless', endless);
    const quick = gated('ready');
    await fleet.serve(slow);
    await fleet.serve(quick);
    const nodes = `
- parallel: p
  join: { need: 2 }
  branches: [{ step: w, model: endless }, { step: x, model: endless }, { step: y, model: ready }, { step: z, model: ready }]
`;
    const client = await fleet.coordinate(nodes, 'output: { y: context.p.y.text }');
    const { run } = await client.submit('sample', { text: 'hello' });
    await eventually(() => slow.calls.length === 2, patient);
    quick.release();
    const result = await client.result(run);
    expect(result.run).toMatchObject({ status: 'succeeded', missing: ['p/w', 'p/x'] });
    await eventually(() => slow.stopped.length === 2, patient);
    expect(fleet.amqp.told(run).filter((type) => type === 'join_fired')).toHaveLength(1);
  });

  it('is decided too when a branch dies: no join is left open (Celery #1704, BullMQ #3362)', async () => {
    const dying = misbehaving('dying', () => {
      throw new PermanentError('died', 'It died.');
    });
    await fleet.serve(dying);
    await fleet.serve(good());
    const nodes = `
- parallel: p
  branches: [{ step: x, model: dying }, { step: a, model: good }]
`;
    const { run } = await fleet.run(nodes, '');
    expect(run).toMatchObject({ status: 'failed', error: { code: 'died', step: 'p/x' } });
    const { runs } = await fleet.client.operation('run.list', { status: 'running' });
    expect(runs).toEqual([]);
  });

  it('that cannot get what it needs any more ends its run, and stops who is still at it', async () => {
    const gate = Promise.withResolvers<void>();
    const dying = misbehaving('doomed', async () => {
      await gate.promise;
      throw new PermanentError('died', 'It died.');
    });
    const slow = misbehaving('forever', endless);
    await fleet.serve(dying);
    await fleet.serve(slow);
    const nodes = `
- parallel: p
  join: { need: 2 }
  branches: [{ step: x, model: doomed }, { step: y, model: doomed }, { step: z, model: forever }]
`;
    const client = await fleet.coordinate(nodes, '');
    const { run } = await client.submit('sample', { text: 'hello' });
    await eventually(() => slow.calls.length === 1, patient);
    gate.resolve();
    const result = await client.result(run);
    expect(result.run.error).toMatchObject({ code: 'join_impossible', step: 'p' });
    await eventually(() => slow.stopped.length === 1, patient);
  });
});
