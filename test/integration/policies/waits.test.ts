import { describe, expect, it } from 'vitest';
import { good } from '../../support/misbehaving-models.ts';
import { PolicyFleet } from '../../support/policy-fleet.ts';

const fleet = new PolicyFleet();

describe('a wait for a person', () => {
  it('ends with their answer; one that does not fit is refused, and a second one too', async () => {
    await fleet.serve(good());
    const client = await fleet.coordinate(
      `
- wait: approval
  ask: { question: "'Refund?'" }
  answer: { type: object, required: [granted], properties: { granted: { type: boolean } } }
- { step: a, model: good }
`,
      'output: { granted: context.approval.granted, text: context.a.text }',
    );
    const { run } = await client.submit('sample', { text: 'hello' });
    await fleet.until(run, 'wait_began');
    const { waits } = await client.operation('run.get', { run });
    expect(waits).toMatchObject([{ path: 'approval', ask: { question: 'Refund?' } }]);
    await expect(client.signal(run, 'approval', { granted: 'yes' })).rejects.toMatchObject({
      code: 'answer_invalid',
    });
    await client.signal(run, 'approval', { granted: true });
    const { payload } = await client.result(run);
    expect(payload).toEqual({ granted: true, text: 'from good' });
    await expect(client.signal(run, 'approval', { granted: false })).rejects.toMatchObject({
      code: 'not_waiting',
    });
  });

  it('that nobody answers goes on with what the flow says for that', async () => {
    const asked = good('asked');
    await fleet.serve(asked);
    const { payload } = await fleet.run(
      `
- { wait: approval, within: 500ms, onTimeout: { granted: false } }
- { step: a, model: asked }
`,
      'output: { granted: context.approval.granted, text: context.a.text }',
    );
    expect(payload).toEqual({ granted: false, text: 'from asked' });
  });

  it('that nobody answers ends the run where the flow says nothing', async () => {
    const { run } = await fleet.run('- { wait: approval, within: 500ms }', '');
    expect(run.error).toMatchObject({ code: 'wait_expired', step: 'approval' });
  });
});
