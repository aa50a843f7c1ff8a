import { describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { good, misbehaving } from '../../support/misbehaving-models.ts';
import { PolicyFleet, patient } from '../../support/policy-fleet.ts';
import { scriptedWorker } from '../../support/scripted-worker.ts';

const fleet = new PolicyFleet();

describe('a model whose output has the wrong shape', () => {
  it('is asked again with what was wrong', async () => {
    const seen: (readonly string[])[] = [];
    const sloppy = misbehaving('sloppy', (nth, call) => {
      seen.push(call.reask);
      return nth === 1 ? { words: 'hm' } : { text: 'better' };
    });
    await fleet.serve(sloppy);
    const result = await fleet.run('- { step: a, model: sloppy, validate: { reask: 2 } }');
    expect(result.payload).toMatchObject({ text: 'better', by: 'sloppy@1' });
    expect(seen).toEqual([[], [expect.stringContaining('/text')]]);
  });

  it('is left for the next one when it stays wrong', async () => {
    const sloppy = misbehaving('untidy', () => ({ words: 'hm' }));
    await fleet.serve(sloppy);
    await fleet.serve(good());
    const result = await fleet.run(
      '- { step: a, model: untidy, validate: { reask: 1 }, fallback: good }',
    );
    expect(result.payload).toMatchObject({ by: 'good@1' });
    expect(result.run.steps['a']?.degraded).toEqual([{ why: 'fallback', code: 'output_invalid' }]);
    expect(sloppy.calls).toHaveLength(2);
  });

  it('is a dead letter when it stays wrong and there is nobody else', async () => {
    const sloppy = misbehaving('hopeless', () => ({ words: 'hm' }));
    await fleet.serve(sloppy);
    const { run } = await fleet.run('- { step: a, model: hopeless, validate: { reask: 1 } }');
    expect(run.error).toMatchObject({ code: 'output_invalid', step: 'a', attempt: 2 });
    await eventually(async () => {
      const { letters } = await fleet.client.operation('dead.list', {});
      expect(letters).toMatchObject([{ code: 'output_invalid', run: run.id }]);
    }, patient);
  });

  it('is found out by the coordinator where its worker checks nothing', async () => {
    const outputSchema = {
      type: 'object',
      required: ['text'],
      properties: { text: { type: 'string' } },
    };
    const transport = await fleet.amqp.transport();
    const careless = await scriptedWorker(
      transport,
      'careless',
      ({ step }) => (step.reask === undefined ? { text: 7 } : { text: 'better' }),
      { outputSchema },
    );
    const result = await fleet.run('- { step: a, model: careless, validate: { reask: 1 } }');
    expect(result.payload).toMatchObject({ text: 'better', by: 'careless@1' });
    expect(careless.requests.map(({ step }) => step.reask)).toEqual([
      undefined,
      [expect.stringContaining('/text')],
    ]);
    await careless.close();
  });
});

describe('an output that is too large for a message', () => {
  it('fails its step at once, with the field named (Seldon #5125)', async () => {
    const wordy = misbehaving('wordy', () => ({ text: 'x'.repeat(9 * 1024 * 1024) }));
    await fleet.serve(wordy);
    const { run } = await fleet.run(
      '- { step: a, model: wordy, validate: { reask: 2 }, retry: { attempts: 3 } }',
    );
    expect(run.error).toMatchObject({ code: 'message_too_large', step: 'a', attempt: 1 });
    expect(run.error?.message).toContain('/text alone takes 9437186');
    expect(wordy.calls).toEqual(['a#1']);
  });
});

describe('an input that a model would refuse', () => {
  it('is refused before it is sent', async () => {
    const strict = good('strict');
    await fleet.serve(strict);
    const result = await fleet.run('- { step: a, model: strict, input: { words: payload.text } }');
    expect(result.run.error).toMatchObject({ code: 'input_invalid', step: 'a' });
    expect(strict.calls).toEqual([]);
  });
});
