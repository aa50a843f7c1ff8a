import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { resultOrRest } from '../../../shared/client/result-or-rest.ts';
import { newId } from '../../../shared/envelope/ids.ts';
import { chainFlow } from '../../support/chain-flow.ts';
import { eventually } from '../../support/eventually.ts';
import { flowOf } from '../../support/flow-text.ts';
import { InProcessFleet, marks } from '../../support/in-process-fleet.ts';
import { replyTo } from '../../support/scripted-worker.ts';

let fleet: InProcessFleet;

beforeEach(() => {
  fleet = new InProcessFleet();
});

afterEach(async () => {
  await fleet.close();
  expect(fleet.errors).toEqual([]);
});

describe('run.list', () => {
  it('tells runs, newest first, a page at a time', async () => {
    await fleet.worker('one', marks('1'));
    await fleet.coordinator([chainFlow(['one']), chainFlow(['one'], 'other')]);
    const client = await fleet.client();
    for (const id of ['a', 'b', 'c']) await client.run('chain', { text: 'go' }, { id });
    await client.run('other', { text: 'go' }, { id: 'd' });
    const jobs = (runs: readonly { job: string }[]) => runs.map(({ job }) => job);
    const all = await client.operation('run.list', {});
    expect([jobs(all.runs), all.next]).toEqual([['d', 'c', 'b', 'a'], null]);
    expect(all.runs[0]).toMatchObject({ flow: 'other', status: 'succeeded', error: null });
    const first = await client.operation('run.list', { flow: 'chain', limit: 2 });
    expect(jobs(first.runs)).toEqual(['c', 'b']);
    const { next: before } = first;
    if (before === null) throw new Error('There is a second page.');
    const second = await client.operation('run.list', { flow: 'chain', limit: 2, before });
    expect([jobs(second.runs), second.next]).toEqual([['a'], null]);
  });

  it('tells those of one status', async () => {
    await fleet.worker('one', ({ payload }) =>
      payload['text'] === 'bad' ? { fail: 'too_hard' } : { text: 'ok' },
    );
    await fleet.coordinator([chainFlow(['one'])]);
    const client = await fleet.client();
    await client.run('chain', { text: 'good' }, { id: 'good' });
    await client.run('chain', { text: 'bad' }, { id: 'bad' });
    const { runs } = await client.operation('run.list', { status: 'failed' });
    expect(runs).toMatchObject([{ job: 'bad', error: { code: 'too_hard', step: 's1' } }]);
  });

  it.each([{ limit: 0 }, { limit: 'all' }, { status: 'odd' }, { flow: 'A.B' }, { before: 'x' }])(
    'refuses %j with what it takes',
    async (args) => {
      await fleet.coordinator([]);
      const asked = (await fleet.client()).operation('run.list', args as object);
      await expect(asked).rejects.toMatchObject({
        code: 'input_invalid',
        message: expect.stringContaining('run.list takes { status?, flow?'),
      });
    },
  );
});

describe('run.cancel', () => {
  it('ends an open run once, and what its worker answers later changes nothing', async () => {
    const answer = Promise.withResolvers<{ text: string }>();
    const one = await fleet.worker('one', () => answer.promise);
    await fleet.coordinator([chainFlow(['one'])]);
    const client = await fleet.client();
    const { run } = await client.submit('chain', { text: 'go' });
    await eventually(() => one.requests.length === 1);
    const cancelled = { run, status: 'cancelled' };
    const args = { run, reason: 'Wrong file.' };
    expect(await client.operation('run.cancel', args)).toEqual(cancelled);
    expect(await client.operation('run.cancel', args)).toEqual(cancelled);
    const result = await client.result(run);
    expect(result.run).toMatchObject({
      status: 'cancelled',
      error: { code: 'cancelled', message: 'Wrong file.' },
    });
    answer.resolve({ text: 'late' });
    await eventually(async () =>
      (await fleet.store.readHistory(run)).some(({ type }) => type === 'reply_late'),
    );
    const finished = fleet.history.filter(({ type }) => type === 'run_finished');
    expect(finished).toHaveLength(1);
  });

  it('says who did it where nobody says why', async () => {
    await fleet.worker('one', () => undefined);
    await fleet.coordinator([chainFlow(['one'])]);
    const client = await fleet.client('ann');
    const { run } = await client.submit('chain', { text: 'go' });
    await client.operation('run.cancel', { run });
    expect((await client.result(run)).run.error?.message).toBe('ann cancelled it.');
  });

  it('of a run that has ended otherwise, or that nobody knows, is refused', async () => {
    await fleet.worker('one', marks('1'));
    await fleet.coordinator([chainFlow(['one'])]);
    const client = await fleet.client();
    const { run } = await client.run('chain', { text: 'go' });
    const ended = client.operation('run.cancel', { run: run.id });
    await expect(ended).rejects.toMatchObject({ code: 'run_ended' });
    const unknown = client.operation('run.cancel', { run: newId() });
    await expect(unknown).rejects.toMatchObject({ code: 'run_unknown' });
    const nonsense = client.operation('run.cancel', { run: 'x' } as never);
    await expect(nonsense).rejects.toMatchObject({ code: 'input_invalid' });
  });
});

describe('a client that waits for a run', () => {
  it('is told when the run rests, and for what; an answer lets it wait for the result', async () => {
    await fleet.coordinator([flowOf('- wait: approval\n')]);
    const client = await fleet.client();
    const { run } = await client.submit('sample', { text: 'go' });
    const resting = await resultOrRest(client, run);
    expect(resting).toMatchObject({
      name: 'rests',
      details: { rests: [{ path: 'approval', why: 'signal', model: null }] },
    });
    await client.signal(run, 'approval', true);
    const ended = await resultOrRest(client, run);
    expect(ended).toMatchObject({ name: 'ended', result: { run: { status: 'succeeded' } } });
  });

  it('is told as by result() of a run that nobody knows', async () => {
    await fleet.coordinator([chainFlow(['one'])]);
    const client = await fleet.client();
    const unknown = resultOrRest(client, newId());
    await expect(unknown).rejects.toMatchObject({ code: 'run_unknown' });
  });
});

describe('run.get', () => {
  it('tells of each key of the context that somebody wrote who he is', async () => {
    const worker = fleet.transport('one');
    await fleet.worker('one', async (request) => {
      await worker.publish([replyTo(request, { text: 'ok' }, { context: { language: 'en' } })]);
      return undefined;
    });
    await fleet.coordinator([
      flowOf(
        `- { step: s1, model: one }
- { step: s2, model: one, input: { text: context.s1.text } }
- { set: both, value: [payload.text, context.s1.text] }
- { set: fixed, value: true }`,
      ),
    ]);
    const client = await fleet.client();
    const { run } = await client.run('sample', { text: 'go' }, { context: { topic: 'x' } });
    const { context } = await client.operation('run.get', { run: run.id });
    const byOne = (step: string) => ({ from: 'model', step, servedBy: ['one@1'] });
    expect(context).toEqual({
      topic: { untrusted: true, origins: [{ from: 'job' }] },
      language: { untrusted: true, origins: [byOne('s1'), byOne('s2')] },
      s1: { untrusted: true, origins: [byOne('s1')] },
      s2: { untrusted: true, origins: [byOne('s2')] },
      both: { untrusted: true, origins: [{ from: 'job' }, byOne('s1')] },
      fixed: { untrusted: false, origins: [{ from: 'flow' }] },
    });
  });
});
