import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newId, runIdOf } from '../../../shared/envelope/ids.ts';
import { chainFlow } from '../../support/chain-flow.ts';
import { eventually } from '../../support/eventually.ts';
import { InProcessFleet, marks } from '../../support/in-process-fleet.ts';

let fleet: InProcessFleet;

beforeEach(() => {
  fleet = new InProcessFleet();
});

afterEach(async () => {
  await fleet.close();
  expect(fleet.errors).toEqual([]);
});

describe('call', () => {
  it('asks one model, without a flow being written', async () => {
    await fleet.worker('one', marks('1'));
    await fleet.coordinator([]);
    const client = await fleet.client();
    expect(await client.call('one', { text: 'go' })).toEqual({ text: 'go1' });
    expect(await client.call('one', { text: 'again' })).toEqual({ text: 'again1' });
  });

  it('fails with the code of the model', async () => {
    await fleet.worker('one', () => ({ fail: 'too_hard' }));
    await fleet.coordinator([]);
    const call = (await fleet.client()).call('one', { text: 'go' });
    await expect(call).rejects.toMatchObject({ code: 'too_hard' });
  });

  it('of a model that nobody serves ends with the time-out', async () => {
    await fleet.coordinator([]);
    const call = (await fleet.client()).call('nobody', {}, { timeoutMs: 2_000 });
    await expect(call).rejects.toMatchObject({ code: 'model_unavailable' });
  });
});

describe('result', () => {
  it('of a run that has ended is given to a client that did not submit it', async () => {
    await fleet.worker('one', marks('1'));
    await fleet.coordinator([chainFlow(['one'])]);
    const first = await fleet.client();
    const { run } = await first.run('chain', { text: 'go' }, { id: 'job-1' });
    await first.close();
    const second = await fleet.client();
    expect((await second.result('job-1')).payload).toEqual({ text: 'go1' });
    expect((await second.result(run.id)).payload).toEqual({ text: 'go1' });
  });

  it('that was there before it is asked for is there', async () => {
    await fleet.worker('one', marks('1'));
    await fleet.coordinator([chainFlow(['one'])]);
    const client = await fleet.client();
    const { id, run } = await client.submit('chain', { text: 'go' });
    await eventually(async () => (await fleet.store.findRun(run))?.status === 'succeeded');
    expect(await client.result(id)).toEqual(await client.result(run));
  });

  it('says after the time-out that the run goes on and how to ask again', async () => {
    await fleet.worker('one', () => undefined);
    await fleet.coordinator([chainFlow(['one'])]);
    const client = await fleet.client();
    const { id, run } = await client.submit('chain', { text: 'go' });
    const late = client.result(id, { timeoutMs: 50 });
    await expect(late).rejects.toThrow(`The run goes on; ask again with result('${id}')`);
    await expect(late).rejects.toMatchObject({ code: 'result_timeout', details: { run } });
  });

  it('of a run that nobody knows is refused', async () => {
    await fleet.coordinator([]);
    const client = await fleet.client();
    await expect(client.result('nothing')).rejects.toMatchObject({ code: 'run_unknown' });
    await expect(client.result(newId())).rejects.toMatchObject({ code: 'run_unknown' });
  });

  it('is rejected when the client is closed', async () => {
    const client = await fleet.client();
    const { run } = await client.submit('chain', { text: 'go' });
    const result = client.result(run);
    await client.close();
    await expect(result).rejects.toMatchObject({ code: 'client_closed' });
  });
});

describe('submit', () => {
  it('refuses what the fleet would refuse unread, before it is sent', async () => {
    const client = await fleet.client();
    const submit = client.submit('chain', { text: 'x' }, { id: 'not an id' });
    await expect(submit).rejects.toMatchObject({ code: 'bad_id' });
    expect(fleet.broker.readyCount('jobs')).toBe(0);
  });

  it('derives the run from client and job, so that both sides know it', async () => {
    const client = await fleet.client('someone');
    const { run } = await client.submit('chain', { text: 'x' }, { id: 'j' });
    expect(client.name).toBe('someone');
    expect(run).toBe(runIdOf('default', 'someone', 'j'));
  });
});

describe('operation', () => {
  it('run.get tells status, open attempts, history and result', async () => {
    const one = await fleet.worker('one', () => undefined);
    await fleet.coordinator([chainFlow(['one'])]);
    const client = await fleet.client();
    const { run } = await client.submit('chain', { text: 'go' }, { id: 'job-1' });
    await eventually(() => one.requests.length === 1);
    expect(await client.operation('run.get', { job: 'job-1' })).toMatchObject({
      run: { id: run, job: 'job-1', client: 'tester', flow: 'chain', status: 'running' },
      open: [{ path: 's1', attempt: 1, model: 'one', version: 1 }],
      history: expect.arrayContaining([expect.objectContaining({ type: 'attempt_dispatched' })]),
      result: null,
    });
  });

  it('run.get of a run that nobody knows fails with run_unknown', async () => {
    await fleet.coordinator([]);
    const client = await fleet.client();
    const unknown = client.operation('run.get', { run: newId() });
    await expect(unknown).rejects.toMatchObject({ code: 'run_unknown' });
    const nonsense = client.operation('run.get', { what: 1 } as never);
    await expect(nonsense).rejects.toMatchObject({ code: 'input_invalid' });
  });

  it('with an unknown verb fails with verb_unknown', async () => {
    await fleet.coordinator([]);
    const answer = (await fleet.client()).operation('run.fly' as never, {} as never);
    await expect(answer).rejects.toMatchObject({ code: 'verb_unknown' });
  });

  it('that no coordinator answers ends with the time-out', async () => {
    const answer = (await fleet.client()).operation('run.get', { job: 'x' }, { timeoutMs: 50 });
    await expect(answer).rejects.toMatchObject({ code: 'operation_timeout' });
  });
});
