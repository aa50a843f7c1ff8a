import { expect, it } from 'vitest';
import { breakableChain } from '../../support/breakable-chain.ts';
import { chainFlow } from '../../support/chain-flow.ts';
import { eventually } from '../../support/eventually.ts';
import { PolicyFleet, patient } from '../../support/policy-fleet.ts';

const fleet = new PolicyFleet();

it('a run that failed is resumed, made again from a step, and forked; no finished step is run or paid for again (BullMQ #2336)', async () => {
  const chain = breakableChain();
  await fleet.serve(chain.one);
  await fleet.serve(chain.two);
  await fleet.amqp.coordinator([
    chainFlow(['one', 'two'], 'chain', { deadline: '5m' }),
    chainFlow(['one', 'one'], 'chain', { version: 2, deadline: '5m' }),
  ]);
  const client = await fleet.amqp.client();
  const { run } = await client.run('chain', { text: 'a' }, { flowVersion: 1 });
  expect(run).toMatchObject({ status: 'failed', error: { code: 'unexpected_error', step: 's2' } });
  chain.broken = false;

  const saved = { reused: ['s1'], savedCalls: 1, savedMicroUsd: 1_200 };
  const resumed = await client.operation('run.resume', { run: run.id });
  expect(resumed).toMatchObject(saved);
  expect((await client.result(resumed.run)).payload).toEqual({ text: 'a12' });
  expect(chain.one.calls).toEqual(['s1#1']);

  const again = { run: run.id, from: 's2', input: { text: 'other' } };
  const rerun = await client.operation('run.rerun', again);
  expect(rerun).toMatchObject(saved);
  const made = await client.result(rerun.run);
  expect(made.payload).toEqual({ text: 'other2' });
  expect(made.run.steps['s1']).toMatchObject({ servedBy: ['reused'], usage: { microUsd: 0 } });

  const forked = await client.operation('run.fork', { run: run.id, from: 's2', flowVersion: 2 });
  expect(forked).toMatchObject(saved);
  expect((await client.result(forked.run)).payload).toEqual({ text: 'a11' });
  expect(chain.one.calls).toEqual(['s1#1', 's2#1']);

  await eventually(async () => {
    const about = await client.operation('run.get', { run: run.id });
    const kinds = about.run.continuedBy.map(({ kind }) => kind);
    expect(kinds.toSorted()).toEqual(['fork', 'rerun', 'resume']);
  }, patient);
});
