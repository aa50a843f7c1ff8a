import { describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { gated, good, misbehaving } from '../../support/misbehaving-models.ts';
import { PolicyFleet, patient } from '../../support/policy-fleet.ts';

const fleet = new PolicyFleet();

const twoSteps = `
- { step: first, model: costly }
- { step: a, model: good }
`;
const costly = () =>
  misbehaving('costly', (_nth, call) => {
    call.usage({ microUsd: 70 });
    return { text: 'paid' };
  });

describe('a budget', () => {
  it('counts the spend of calls that were cancelled and streamed (LiteLLM #37923, #13245)', async () => {
    const spends = misbehaving('spends', async (_nth, call) => {
      call.usage({ microUsd: 70 });
      call.emit({ token: 'a' });
      await new Promise((resolve) => call.signal.addEventListener('abort', resolve));
      return { text: 'never' };
    });
    await fleet.serve(spends);
    await fleet.serve(good());
    const nodes = `
- { step: a, model: spends, timeout: 200ms, retry: { attempts: 1 }, onFailure: { default: { text: "''" } } }
- { step: b, model: good }
`;
    const { run } = await fleet.run(nodes, 'budget: { usd: 0.00005 }');
    expect(run.error).toMatchObject({ code: 'budget_exceeded', step: 'b' });
    expect(run.usage).toMatchObject({ calls: 1, microUsd: 70 });
    expect(run.steps['a']?.usage).toMatchObject({ microUsd: 70 });
  });

  it('cannot be overspent by branches that start together', async () => {
    const counted = good('counted');
    await fleet.serve(counted);
    const branches = ['a', 'b', 'c', 'd', 'e'].map((id) => `{ step: ${id}, model: counted }`);
    const { run } = await fleet.run(
      `- { parallel: p, join: { need: 2 }, branches: [${branches.join(', ')}] }`,
      'budget: { calls: 2 }',
    );
    expect(run).toMatchObject({ status: 'succeeded', usage: { calls: 2 } });
    expect(counted.calls).toHaveLength(2);
  });

  it('that pauses holds the call until somebody lets the run go on with more', async () => {
    const [first, second] = [costly(), good()];
    await fleet.serve(first);
    await fleet.serve(second);
    const budget = 'budget: { usd: 0.00005, onExceeded: pause }';
    const client = await fleet.coordinate(twoSteps, `${budget}\noutput: { text: context.a.text }`);
    const { run } = await client.submit('sample', { text: 'hello' });
    await fleet.until(run, 'attempt_held');
    const { held } = await client.operation('run.get', { run });
    expect(held).toMatchObject([{ path: 'a', why: 'budget' }]);
    expect(second.calls).toEqual([]);
    const answer = await client.operation('run.resume', { run, budget: { microUsd: 500 } });
    expect(answer.run).toBe(run);
    const result = await client.result(run);
    expect(result).toMatchObject({ payload: { text: 'from good' }, run: { usage: { calls: 2 } } });
    expect(first.calls).toHaveLength(1);
  });

  it('goes on with a cheaper model where the flow names one, and the result says so', async () => {
    const dear = misbehaving('dear', () => ({ text: 'from dear' }), {
      estimate: { microUsd: 100 },
    });
    await fleet.serve(dear);
    await fleet.serve(good('cheap'));
    const { payload, run } = await fleet.run(
      '- { step: a, model: dear }',
      `budget: { usd: 0.00005, onExceeded: { model: cheap } }
output: { by: context.a.$servedBy, degraded: context.a.$degraded }`,
    );
    expect(payload).toEqual({ by: 'cheap@1', degraded: 'cheaper' });
    expect(run.steps['a']?.degraded).toEqual([{ why: 'cheaper', code: 'budget_exceeded' }]);
    expect(dear.calls).toEqual([]);
  });

  it('holds what an abandoned call may cost until that call says what it did cost', async () => {
    const slow = misbehaving(
      'spending',
      async (_nth, call) => {
        call.usage({ microUsd: 5 });
        await new Promise((resolve) => call.signal.addEventListener('abort', resolve));
        return { text: 'never' };
      },
      { estimate: { microUsd: 40 } },
    );
    const last = misbehaving('finishing', () => ({ text: 'done' }), { estimate: { microUsd: 30 } });
    const decided = gated('deciding');
    for (const model of [slow, last, decided]) await fleet.serve(model);
    const nodes = `
- parallel: p
  join: any
  branches: [{ step: x, model: spending }, { step: y, model: deciding }]
- { step: a, model: finishing }
`;
    const budget = 'budget: { usd: 0.00005, onExceeded: pause }';
    const client = await fleet.coordinate(nodes, `${budget}\noutput: { text: context.a.text }`);
    const { run } = await client.submit('sample', { text: 'hello' });
    await eventually(() => slow.calls.length === 1, patient);
    decided.release();
    // 40 of 50 are set aside for what was abandoned: 30 more are too many, until its worker has stopped.
    await fleet.until(run, 'attempt_held');
    await fleet.until(run, 'reply_late');
    await client.operation('run.resume', { run });
    const result = await client.result(run);
    expect(result.payload).toEqual({ text: 'done' });
    expect(result.run.usage).toMatchObject({ calls: 3, microUsd: 5 });
  });
});
