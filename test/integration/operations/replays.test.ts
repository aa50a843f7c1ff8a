import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ContinuedRunAnswer } from '../../../shared/client/verbs.ts';
import { newId } from '../../../shared/envelope/ids.ts';
import type { JsonObject } from '../../../shared/envelope/json.ts';
import { exchange } from '../../../shared/transport/topology.ts';
import { chainFlow } from '../../support/chain-flow.ts';
import { eventually } from '../../support/eventually.ts';
import { type FailingChain, failingChain } from '../../support/failing-chain.ts';
import { flowOf } from '../../support/flow-text.ts';
import type { InProcessFleet } from '../../support/in-process-fleet.ts';
import { plainOperations } from '../../support/plain-operations.ts';

let chain: FailingChain;
let fleet: InProcessFleet;
let client: FailingChain['client'];

beforeEach(async () => {
  chain = await failingChain();
  ({ fleet, client } = chain);
});

afterEach(async () => {
  await fleet.close();
  expect(fleet.errors).toEqual([]);
});

const replayed = (id: string) =>
  client.operation('dead.replay', { id }) as Promise<ContinuedRunAnswer>;

describe('dead.list and dead.show', () => {
  it('tell letters, newest first, a page at a time, and in groups', async () => {
    await chain.coordinate();
    const { runs, letters } = await chain.failed('a', 'b', 'c');
    expect(letters.map(({ run }) => run)).toEqual(runs.toReversed());
    expect(letters[0]).toMatchObject({
      kind: 'failed',
      status: 'open',
      code: 'too_hard',
      path: 's2',
      attempt: 1,
      model: 'two',
    });
    const first = await client.operation('dead.list', { limit: 2 });
    expect(first.letters).toEqual(letters.slice(0, 2));
    const before = String(first.next);
    const rest = await client.operation('dead.list', { limit: 2, before });
    expect([rest.letters, rest.next]).toEqual([letters.slice(2), null]);
    const { groups } = await client.operation('dead.list', { group: true });
    expect(groups).toEqual([{ kind: 'failed', code: 'too_hard', model: 'two', count: 3 }]);
    const none = await client.operation('dead.list', { model: 'one' });
    expect(none.letters).toEqual([]);
  });

  it('show what is in a letter, with its secrets taken out', async () => {
    chain.hard.add('x1');
    const step = { step: 's1', model: 'two', input: { text: "'x1'", apiKey: "'sk-secret'" } };
    await fleet.coordinator([
      chainFlow(['two'], 'keyed', { do: [step], output: { text: 'context.s1.text' } }),
    ]);
    await client.run('keyed', { text: 'x' });
    const [row] = await eventually(async () => {
      const found = await client.operation('dead.list', {});
      return found.letters.length === 1 && found.letters;
    });
    const shown = await chain.letter(String(row?.id));
    expect(shown.input).toEqual({ text: 'x1', apiKey: '[redacted]' });
    expect(JSON.stringify(shown)).not.toContain('sk-secret');
  });

  it.each<[string, object]>([
    ['dead.list', { limit: 0 }],
    ['dead.list', { before: 'x' }],
    ['dead.show', {}],
    ['dead.show', { id: '../x' }],
    ['dead.edit', { id: newId(), input: [] }],
    ['dead.replay', { filter: { modle: 'two' } }],
    ['dead.replay', { filter: {}, perMinute: 0 }],
    ['dead.drop', { filter: { status: 'replayed' } }],
    ['dead.drop', {}],
  ])('%s refuses %j', async (verb, args) => {
    await chain.coordinate();
    const [answer] = await (await plainOperations(fleet.transport())).ask(verb, args);
    expect(answer).toMatchObject({ status: 'failed', payload: { code: 'input_invalid' } });
  });

  it.each(['dead.show', 'dead.replay', 'dead.drop'] as const)(
    '%s of a letter that nobody knows fails',
    async (verb) => {
      await chain.coordinate();
      const asked = client.operation(verb, { id: newId() });
      await expect(asked).rejects.toMatchObject({ code: 'letter_unknown' });
    },
  );
});

describe('dead.replay of one letter', () => {
  it('lets its run go on from the step, and closes the letter with a trace', async () => {
    await chain.coordinate();
    const { runs, ids } = await chain.failed('a');
    chain.hard.clear();
    const answer = await replayed(ids[0] ?? '');
    expect(answer).toMatchObject({ reused: ['s1'], savedCalls: 1 });
    expect((await client.result(answer.run)).payload).toEqual({ text: 'a12' });
    expect(chain.workers[0]?.requests).toHaveLength(1);
    expect(await chain.letter(ids[0] ?? '')).toMatchObject({
      status: 'replayed',
      trace: [{ by: 'ann', what: 'replayed', run: answer.run, at: expect.any(String) }],
    });
    const { run } = await client.operation('run.get', { run: runs[0] ?? '' });
    expect(run.continuedBy).toMatchObject([{ run: answer.run, kind: 'replay', from: 's2' }]);
  });

  it('is refused when it was replayed, also by the same operation delivered twice: one run', async () => {
    await chain.coordinate();
    const { ids } = await chain.failed('a');
    chain.hard.clear();
    const plain = await plainOperations(fleet.transport());
    const answers = await plain.ask('dead.replay', { id: ids[0] }, 2);
    expect(answers.map(({ status }) => status)).toEqual(['succeeded', 'failed']);
    expect(answers[1]?.payload['code']).toBe('letter_closed');
    expect((await client.operation('run.list', {})).runs).toHaveLength(2);
  });

  it('asks what was edited, and keeps the secrets that were shown redacted', async () => {
    await chain.coordinate();
    const { ids } = await chain.failed('a');
    const [id = ''] = ids;
    const edit = { id, input: { text: 'b1', token: 'abc' } as JsonObject };
    expect((await client.operation('dead.edit', edit)).letter.trace).toMatchObject([
      { by: 'ann', what: 'edited' },
    ]);
    const shown = (await chain.letter(id)).input;
    expect(shown).toEqual({ text: 'b1', token: '[redacted]' });
    await client.operation('dead.edit', { id, input: { ...shown, text: 'c1' } });
    const { run } = await replayed(id);
    expect((await client.result(run)).payload).toEqual({ text: 'c12' });
    expect(chain.workers[1]?.requests.at(-1)?.payload).toEqual({ text: 'c1', token: 'abc' });
    const late = client.operation('dead.edit', { id, input: {} });
    await expect(late).rejects.toMatchObject({ code: 'letter_closed' });
  });

  it('of a run that is open is refused, and the letter stays open', async () => {
    await fleet.worker('bad', () => ({ fail: 'too_hard' }));
    await fleet.worker('slow', () => undefined);
    const flow = flowOf(`
- parallel: both
  join: any
  branches:
    - { step: a, model: bad }
    - { step: b, model: slow }
`);
    await fleet.coordinator([flow]);
    await client.submit('sample', {});
    const [row] = await eventually(async () => {
      const found = await client.operation('dead.list', {});
      return found.letters.length === 1 && found.letters;
    });
    const id = String(row?.id);
    await expect(replayed(id)).rejects.toMatchObject({ code: 'run_open' });
    expect((await chain.letter(id)).status).toBe('open');
  });

  it('makes one run of all letters of a run', async () => {
    let broken = true;
    const bad = await fleet.worker('bad', ({ payload }) =>
      broken && payload['item'] !== 3 ? { fail: 'too_hard' } : { ok: true },
    );
    const flow = flowOf(`
- map: each
  over: payload.list
  as: item
  join: { need: 2 }
  do: { step: ask, model: bad, input: { item: item }, retry: { attempts: 1 } }
`);
    await fleet.coordinator([flow]);
    const { run } = await client.run('sample', { list: [1, 2, 3] });
    expect(run.status).toBe('failed');
    const found = await eventually(async () => {
      const { letters } = await client.operation('dead.list', {});
      return letters.length === 2 && letters;
    });
    broken = false;
    const before = bad.requests.length;
    const runs = new Set<string>();
    for (const { id } of found) runs.add((await replayed(id)).run);
    expect(runs.size).toBe(1);
    const [made = ''] = runs;
    expect((await client.result(made)).run.status).toBe('succeeded');
    expect(bad.requests.length - before).toBeLessThanOrEqual(3);
  });

  it('of what nobody could read is refused', async () => {
    await chain.coordinate();
    await fleet.transport().publish([
      {
        exchange: exchange.jobs,
        routingKey: 'chain',
        body: Buffer.from('{'),
        messageId: newId(),
        type: 'job',
      },
    ]);
    const [row] = await eventually(async () => {
      const found = await client.operation('dead.list', { kind: 'unprocessable' });
      return found.letters.length === 1 && found.letters;
    });
    const id = String(row?.id);
    await expect(replayed(id)).rejects.toMatchObject({ code: 'not_replayable' });
    const edit = client.operation('dead.edit', { id, input: {} });
    await expect(edit).rejects.toMatchObject({ code: 'not_replayable' });
  });
});

describe('dead.drop', () => {
  it('closes one letter, or all that match; they stay to be seen', async () => {
    await chain.coordinate();
    const { ids } = await chain.failed('a', 'b', 'c');
    const [id = ''] = ids;
    const dropped = { dropped: 1, left: 0 };
    expect(await client.operation('dead.drop', { id })).toEqual(dropped);
    expect(await client.operation('dead.drop', { id })).toEqual(dropped);
    expect((await chain.letter(id)).trace).toHaveLength(1);
    await expect(replayed(id)).rejects.toMatchObject({ code: 'letter_closed' });
    const rest = await client.operation('dead.drop', { filter: { code: 'too_hard' } });
    expect(rest).toEqual({ dropped: 2, left: 0 });
    expect((await client.operation('dead.list', { status: 'dropped' })).letters).toHaveLength(3);
  });
});
