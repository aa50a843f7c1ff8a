import { describe, expect, it } from 'vitest';
import { TransientError } from '../../../shared/errors/errors.ts';
import { eventually } from '../../support/eventually.ts';
import { endless, misbehaving } from '../../support/misbehaving-models.ts';
import { PolicyFleet, patient } from '../../support/policy-fleet.ts';

const fleet = new PolicyFleet();

describe('a model that fails every other call', () => {
  it('is tried again; nothing is degraded', async () => {
    const flaky = misbehaving('flaky', (nth) => {
      if (nth % 2 === 1) throw new TransientError('hiccup', 'Not this time.');
      return { text: 'now' };
    });
    await fleet.serve(flaky);
    const result = await fleet.run('- { step: a, model: flaky, retry: { initial: 10ms } }');
    expect(result.payload).toEqual({ text: 'now', by: 'flaky@1', degraded: null });
    expect(flaky.calls).toEqual(['a#1', 'a#2']);
    expect(result.run.steps['a']?.usage.calls).toBe(2);
  });

  it('is tried as often as the code of its failure allows, which may be more than others', async () => {
    const moody = misbehaving('moody', (nth) => {
      if (nth < 4) throw new TransientError('hiccup', 'Not this time.');
      throw new TransientError('broken', 'Never.');
    });
    await fleet.serve(moody);
    const { run } = await fleet.run(
      '- { step: a, model: moody, retry: { attempts: 1, initial: 1ms, on: { hiccup: 9 } } }',
      '',
    );
    expect(run.error).toMatchObject({ code: 'broken', step: 'a', attempt: 4 });
    expect(moody.calls).toEqual(['a#1', 'a#2', 'a#3', 'a#4']);
  });
});

describe('a model that says when to come back', () => {
  it('is not asked before that, whatever the back-off of the step is', async () => {
    const at: number[] = [];
    const limited = misbehaving('limited', (nth) => {
      at.push(Date.now());
      if (nth === 1) throw new TransientError('rate_limited', 'Slow down.', { retryAfterMs: 700 });
      return { text: 'now' };
    });
    await fleet.serve(limited);
    const result = await fleet.run(
      '- { step: a, model: limited, retry: { initial: 1ms, on: { rate_limited: 5 } } }',
    );
    expect(result.payload).toMatchObject({ text: 'now' });
    expect((at[1] ?? 0) - (at[0] ?? 0)).toBeGreaterThanOrEqual(700);
  });
});

describe('a worker that stops in mid-call', () => {
  it('costs its step no attempt: another one does the same', async () => {
    const leaving = misbehaving('leaving', (nth, call, input) =>
      nth === 1 ? endless(nth, call, input) : { text: 'from the next one' },
    );
    const first = await fleet.serve(leaving, { drainMs: 0 });
    const client = await fleet.coordinate('- { step: a, model: leaving, retry: { attempts: 1 } }');
    const { run } = await client.submit('sample', { text: 'hello' });
    await eventually(() => leaving.calls.length === 1, patient);
    await first.stop();
    await fleet.serve(leaving);
    const result = await client.result(run);
    expect(result.payload).toMatchObject({ text: 'from the next one', degraded: null });
    expect(leaving.calls).toEqual(['a#1', 'a#1']);
    expect(leaving.stopped).toMatchObject([{ code: 'shutting_down' }]);
  });
});
