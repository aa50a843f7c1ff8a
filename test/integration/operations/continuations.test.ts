import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newId } from '../../../shared/envelope/ids.ts';
import { chainFlow } from '../../support/chain-flow.ts';
import { eventually } from '../../support/eventually.ts';
import { flowOf } from '../../support/flow-text.ts';
import { InProcessFleet, marks } from '../../support/in-process-fleet.ts';
import { plainOperations } from '../../support/plain-operations.ts';
import { replyTo } from '../../support/scripted-worker.ts';

let fleet: InProcessFleet;

beforeEach(() => {
  fleet = new InProcessFleet();
});

afterEach(async () => {
  await fleet.close();
  expect(fleet.errors).toEqual([]);
});

/** A chain of three whose second model fails until it is mended. */
async function brokenChain() {
  let broken = true;
  const one = await fleet.worker('one', marks('1'));
  const two = await fleet.worker('two', ({ payload }) =>
    broken ? { fail: 'too_hard' } : { text: `${payload['text']}2` },
  );
  const three = await fleet.worker('three', marks('3'));
  await fleet.coordinator([chainFlow(['one', 'two', 'three'])]);
  const client = await fleet.client();
  const { run } = await client.run('chain', { text: 'go' }, { id: 'job-1' });
  expect(run).toMatchObject({ status: 'failed', error: { step: 's2' } });
  const mend = () => {
    broken = false;
  };
  return {
    client,
    origin: run.id,
    mend,
    asked: () => [one, two, three].map((w) => w.requests.length),
  };
}

describe('run.resume', () => {
  it('BullMQ #2336: a resumed run re-runs no finished step', async () => {
    const { client, origin, mend, asked } = await brokenChain();
    mend();
    const { run, ...saved } = await client.operation('run.resume', { run: origin });
    expect(saved).toEqual({ reused: ['s1'], savedCalls: 1, savedMicroUsd: 0 });
    const result = await client.result(run);
    expect(result).toMatchObject({ id: 'job-1', payload: { text: 'go123' } });
    expect(asked()).toEqual([1, 2, 1]);
    expect(result.run.steps['s1']?.servedBy).toEqual(['reused']);
    const inputs = (await client.operation('run.get', { run })).run.continues;
    expect(inputs).toEqual({ run: origin, kind: 'resume', from: null });
  });

  it('leaves the run that it goes on from as it was, but for a note of the new one', async () => {
    const { client, origin, mend } = await brokenChain();
    const before = await fleet.store.findRun(origin);
    mend();
    const { run } = await client.operation('run.resume', { run: origin });
    await client.result(run);
    expect(await fleet.store.findRun(origin)).toEqual(before);
    const { run: about } = await client.operation('run.get', { run: origin });
    expect(about.continuedBy).toMatchObject([{ run, kind: 'resume', from: null }]);
  });

  it('counts as saved what an earlier continuation had saved already', async () => {
    const { client, origin, mend, asked } = await brokenChain();
    const first = await client.operation('run.resume', { run: origin });
    expect((await client.result(first.run)).run.status).toBe('failed');
    mend();
    const second = await client.operation('run.resume', { run: first.run });
    expect(second).toMatchObject({ reused: ['s1'], savedCalls: 1 });
    expect((await client.result(second.run)).payload).toEqual({ text: 'go123' });
    expect(asked()[0]).toBe(1);
  });

  it('delivered twice makes one run', async () => {
    const { client, origin, mend, asked } = await brokenChain();
    mend();
    const plain = await plainOperations(fleet.transport());
    const [first, second] = await plain.ask('run.resume', { run: origin }, 2);
    expect(first?.status).toBe('succeeded');
    expect(second).toEqual(first);
    await client.result(String(first?.payload['run']));
    expect(asked()).toEqual([1, 2, 1]);
    const { runs } = await client.operation('run.list', {});
    expect(runs).toHaveLength(2);
    const { run } = await client.operation('run.get', { run: origin });
    expect(run.continuedBy).toHaveLength(1);
  });

  it('sends the result to the client of the job, under its own correlation id', async () => {
    const { client, origin, mend } = await brokenChain();
    mend();
    const operator = await fleet.client('operator');
    const { run } = await operator.operation('run.resume', { run: origin });
    await client.result(run);
    const made = await fleet.store.findRun(run);
    const before = await fleet.store.findRun(origin);
    expect(made).toMatchObject({ client: 'tester', correlationId: before?.correlationId });
  });

  it('of a run that succeeded, is open, or is unknown is refused', async () => {
    await fleet.worker('one', ({ payload }) =>
      payload['text'] === 'never' ? undefined : { text: 'ok' },
    );
    await fleet.coordinator([chainFlow(['one'])]);
    const client = await fleet.client();
    const { run } = await client.run('chain', { text: 'go' });
    const open = await client.submit('chain', { text: 'never' });
    await eventually(async () => (await fleet.store.findRun(open.run))?.status === 'running');
    const resume = (id: string) => client.operation('run.resume', { run: id });
    await expect(resume(run.id)).rejects.toMatchObject({ code: 'nothing_to_resume' });
    await expect(resume(open.run)).rejects.toMatchObject({ code: 'run_open' });
    await expect(resume(newId())).rejects.toMatchObject({ code: 'run_unknown' });
    const odd = client.operation('run.resume', { run: run.id, budget: { cents: 1 } } as never);
    await expect(odd).rejects.toMatchObject({ code: 'input_invalid' });
  });

  it('lets a run that its budget holds back go on itself, once', async () => {
    const one = await fleet.worker('one', () => undefined);
    await fleet.worker('two', marks('2'));
    const budget = { calls: 1, onExceeded: 'pause' };
    await fleet.coordinator([chainFlow(['one', 'two'], 'chain', { budget })]);
    const client = await fleet.client();
    const { run } = await client.submit('chain', { text: 'go' });
    const request = await eventually(() => one.requests[0] ?? false);
    const usage = { calls: 1, inputTokens: 0, outputTokens: 0, microUsd: 0, computeMs: 1 };
    await fleet.transport('one').publish([replyTo(request, { text: 'go1' }, { usage })]);
    const held = await eventually(async () => {
      const found = await client.operation('run.get', { run });
      return found.held.length > 0 && found;
    });
    expect(held.held).toMatchObject([{ path: 's2', why: 'budget', looksAgainAt: null }]);
    expect(held.run.budget).toMatchObject({ calls: 1 });
    const plain = await plainOperations(fleet.transport());
    const answers = await plain.ask('run.resume', { run, budget: { calls: 5 } }, 2);
    expect(answers.map(({ payload }) => payload['run'])).toEqual([run, run]);
    expect((await client.result(run)).payload).toEqual({ text: 'go12' });
    expect(one.requests).toHaveLength(1);
    const resumed = (await fleet.store.readHistory(run)).filter(
      (row) => row.type === 'run_resumed',
    );
    expect(resumed).toHaveLength(1);
  });
});

describe('run.rerun', () => {
  it('makes a step and all behind it again, with another input where one is given', async () => {
    const one = await fleet.worker('one', marks('1'));
    const two = await fleet.worker('two', marks('2'));
    await fleet.coordinator([chainFlow(['one', 'two'])]);
    const client = await fleet.client();
    const { run } = await client.run('chain', { text: 'go' });
    const plain = await client.operation('run.rerun', { run: run.id, from: 's2' });
    expect(plain.reused).toEqual(['s1']);
    expect((await client.result(plain.run)).payload).toEqual({ text: 'go12' });
    const input = { text: 'other' };
    const changed = await client.operation('run.rerun', { run: run.id, from: 's2', input });
    expect((await client.result(changed.run)).payload).toEqual({ text: 'other2' });
    expect([one.requests.length, two.requests.length]).toEqual([1, 3]);
    const about = await client.operation('run.get', { run: run.id });
    expect(about.run.continuedBy.map(({ run: id }) => id)).toEqual([plain.run, changed.run]);
  });

  it('of a step that the flow does not have is refused with those it has', async () => {
    await fleet.worker('one', marks('1'));
    await fleet.coordinator([chainFlow(['one'])]);
    const client = await fleet.client();
    const { run } = await client.run('chain', { text: 'go' });
    const asked = client.operation('run.rerun', { run: run.id, from: 's9' });
    await expect(asked).rejects.toMatchObject({
      code: 'step_unknown',
      message: expect.stringContaining('s1'),
    });
  });
});

describe('run.fork', () => {
  it('goes on under another version of the flow', async () => {
    const one = await fleet.worker('one', marks('1'));
    await fleet.worker('two', marks('2'));
    await fleet.worker('three', marks('3'));
    await fleet.coordinator([
      chainFlow(['one', 'two']),
      chainFlow(['one', 'three'], 'chain', { version: 2 }),
    ]);
    const client = await fleet.client();
    const { run } = await client.run('chain', { text: 'go' }, { flowVersion: 1 });
    const fork = { run: run.id, from: 's2' };
    const same = await client.operation('run.fork', fork);
    expect((await client.result(same.run)).payload).toEqual({ text: 'go12' });
    const newer = await client.operation('run.fork', { ...fork, flowVersion: 2 });
    expect(await client.result(newer.run)).toMatchObject({
      payload: { text: 'go13' },
      run: { version: 2 },
    });
    expect(one.requests).toHaveLength(1);
    const odd = client.operation('run.fork', { ...fork, flowVersion: 9 });
    await expect(odd).rejects.toMatchObject({ code: 'flow_unknown' });
  });
});

describe('run.signal', () => {
  const approval = flowOf(
    `
- wait: approval
  ask: { question: payload.question }
  answer: { type: object, required: [granted], properties: { granted: { type: boolean } } }
`,
    'output: { granted: context.approval.granted }',
  );

  async function waiting() {
    await fleet.coordinator([approval]);
    const client = await fleet.client('ann');
    const { run } = await client.submit('sample', { question: 'Refund?' });
    const found = await eventually(async () => {
      const about = await client.operation('run.get', { run });
      return about.waits.length > 0 && about;
    });
    return { client, run, found };
  }

  it('answers a node that waits; run.get tells what is asked', async () => {
    const { client, run, found } = await waiting();
    expect(found.waits).toMatchObject([
      { path: 'approval', until: null, ask: { question: 'Refund?' } },
    ]);
    await client.signal(run, 'approval', { granted: true });
    expect((await client.result(run)).payload).toEqual({ granted: true });
    const received = (await fleet.store.readHistory(run)).find(
      ({ type }) => type === 'signal_received',
    );
    expect(received?.facts).toEqual({ by: 'ann' });
  });

  it('that does not fit is refused, and the node waits on', async () => {
    const { client, run } = await waiting();
    const odd = client.signal(run, 'approval', { granted: 'yes' });
    await expect(odd).rejects.toMatchObject({ code: 'answer_invalid' });
    await client.signal(run, 'approval', { granted: false });
    expect((await client.result(run)).payload).toEqual({ granted: false });
  });

  it('to a node that does not wait says where the run waits', async () => {
    const { client, run } = await waiting();
    await expect(client.signal(run, 'elsewhere', 1)).rejects.toMatchObject({
      code: 'not_waiting',
      message: expect.stringContaining('It waits at approval.'),
    });
    await client.cancel(run);
    await expect(client.signal(run, 'approval', 1)).rejects.toMatchObject({ code: 'not_waiting' });
    await expect(client.signal(newId(), 'approval', 1)).rejects.toMatchObject({
      code: 'run_unknown',
    });
  });

  it('delivered twice is one answer, told twice', async () => {
    const { client, run } = await waiting();
    const plain = await plainOperations(fleet.transport());
    const args = { run, path: 'approval', value: { granted: true } };
    const answers = await plain.ask('run.signal', args, 2);
    expect(answers.map(({ status }) => status)).toEqual(['succeeded', 'succeeded']);
    await client.result(run);
    const types = (await fleet.store.readHistory(run)).map(({ type }) => type);
    expect(types.filter((type) => type === 'signal_received')).toHaveLength(1);
  });
});
