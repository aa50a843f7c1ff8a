import { describe, expect, it } from 'vitest';
import { PermanentError, TransientError } from '../../../shared/errors/errors.ts';
import { eventually } from '../../support/eventually.ts';
import { good, misbehaving } from '../../support/misbehaving-models.ts';
import { PolicyFleet, patient } from '../../support/policy-fleet.ts';

const fleet = new PolicyFleet();

describe('a ladder of models', () => {
  it('is climbed in order; a rung that nobody serves is passed over, and the result says why', async () => {
    const ill = misbehaving('ill', () => {
      throw new TransientError('overloaded', 'Not now.');
    });
    const strict = misbehaving('strict', () => {
      throw new PermanentError('content_refused', 'Not that.');
    });
    for (const model of [ill, strict, good()]) await fleet.serve(model);
    const { payload, run } = await fleet.run(`
- step: a
  model: ill
  retry: { attempts: 2, initial: 1ms }
  fallback: [nobody, strict, { model: good, input: { text: "'shorter'" } }]
`);
    expect(payload).toEqual({ text: 'from good', by: 'good@1', degraded: 'fallback' });
    expect(run.steps['a']).toMatchObject({
      degraded: [{ why: 'fallback', code: 'overloaded' }],
      usage: { calls: 4 },
    });
    expect([ill.calls, strict.calls]).toEqual([['a#1', 'a#2'], ['a#3']]);
  });

  it('whose last rung is still on its way waits for it', async () => {
    const strict = misbehaving('early', () => {
      throw new PermanentError('content_refused', 'Not that.');
    });
    await fleet.serve(strict);
    const client = await fleet.coordinate('- { step: a, model: early, fallback: good }');
    const { run } = await client.submit('sample', { text: 'hello' });
    await fleet.until(run, 'attempt_held');
    await fleet.serve(good());
    const { payload } = await client.result(run);
    expect(payload).toEqual({ text: 'from good', by: 'good@1', degraded: 'fallback' });
  });

  it('that is spent is a default, where the step has one', async () => {
    const strict = misbehaving('refusing', () => {
      throw new PermanentError('content_refused', 'Not that.');
    });
    await fleet.serve(strict);
    const { payload, run } = await fleet.run(
      '- { step: a, model: refusing, onFailure: { default: { text: "\'sorry\'" } } }',
    );
    expect(payload).toEqual({ text: 'sorry', by: 'default', degraded: 'default' });
    expect(run).toMatchObject({ status: 'succeeded', degraded: ['a'] });
    expect((await fleet.client.operation('dead.list', {})).letters).toEqual([]);
  });

  it('that is spent ends the run with its last word, and is a dead letter', async () => {
    const strict = misbehaving('final', () => {
      throw new PermanentError('content_refused', 'Not that.');
    });
    await fleet.serve(strict);
    const { run } = await fleet.run('- { step: a, model: final }');
    expect(run).toMatchObject({ status: 'failed', error: { code: 'content_refused', step: 'a' } });
    expect(strict.calls).toEqual(['a#1']);
    await eventually(async () => {
      const { letters } = await fleet.client.operation('dead.list', {});
      expect(letters).toMatchObject([{ code: 'content_refused', run: run.id, model: 'final' }]);
    }, patient);
  });
});

describe('an earlier answer', () => {
  it('stands in for a model that broke since, with its age', async () => {
    const breaking = misbehaving('breaking', (nth) => {
      if (nth > 1) throw new PermanentError('broken', 'No more.');
      return { text: 'yesterday' };
    });
    await fleet.serve(breaking);
    const client = await fleet.coordinate(
      '- { step: a, model: breaking, onFailure: { stale: 1h } }',
    );
    await client.run('sample', { text: 'same' });
    const result = await client.run('sample', { text: 'same' });
    expect(result.payload).toEqual({ text: 'yesterday', by: 'stale', degraded: 'stale' });
    const [why] = result.run.steps['a']?.degraded ?? [];
    expect(why).toMatchObject({ why: 'stale', code: 'broken', ageMs: expect.any(Number) });
    const other = await client.run('sample', { text: 'another' });
    expect(other.run.error?.code).toBe('broken');
  });
});
