import { describe, expect, it } from 'vitest';
import type { StepBlock } from '../../../shared/envelope/envelope.ts';
import { eventually } from '../../support/eventually.ts';
import { endless, gated, good, misbehaving } from '../../support/misbehaving-models.ts';
import { PolicyFleet, patient } from '../../support/policy-fleet.ts';
import { announcement, replyTo } from '../../support/scripted-worker.ts';

const fleet = new PolicyFleet();

describe('a model that is slow', () => {
  it('is stopped when its time is over, and the next model answers', async () => {
    const slow = misbehaving('slow', endless);
    await fleet.serve(slow);
    await fleet.serve(good());
    const result = await fleet.run(
      '- { step: a, model: slow, timeout: 200ms, retry: { attempts: 1 }, fallback: good }',
    );
    expect(result.payload).toEqual({ text: 'from good', by: 'good@1', degraded: 'fallback' });
    expect(slow.stopped).toEqual([expect.objectContaining({ code: 'timeout' })]);
    expect(result.run.degraded).toEqual(['a']);
  });

  it('is given up when the step has a time of its own; its late reply is recorded, and what it used counted once', async () => {
    const slow = misbehaving('dawdling', (_nth, call) => {
      call.usage({ microUsd: 70 });
      return new Promise(() => {});
    });
    const last = gated('last');
    await fleet.serve(slow);
    await fleet.serve(last);
    const nodes = `
- { step: a, model: dawdling, within: 4s, onFailure: { default: { text: "'instead'" } } }
- { step: b, model: last }
`;
    const client = await fleet.coordinate(nodes);
    const { run } = await client.submit('sample', { text: 'hello' });
    await fleet.until(run, 'reply_late');
    expect(slow.stopped).toHaveLength(1);
    // The same reply once more, as a broker may deliver it.
    const step = stepOf(run, 'a', 'dawdling');
    const usage = { calls: 1, inputTokens: 0, outputTokens: 0, microUsd: 70, computeMs: 1 };
    const failed = { status: 'failed', code: 'cancelled', retryable: false, usage } as const;
    const transport = await fleet.amqp.transport();
    const again = { id: 'x', timestamp: step.sentAt, payload: {}, context: {}, step };
    await transport.publish([replyTo(again, {}, failed)]);
    await fleet.until(run, 'reply_duplicate');
    last.release();
    const result = await client.result(run);
    expect(result.payload).toMatchObject({ text: 'instead', degraded: 'default' });
    expect(result.run.steps['a']?.degraded).toEqual([{ why: 'default', code: 'within_exceeded' }]);
    expect(result.run.usage).toMatchObject({ calls: 2, microUsd: 70 });
    expect(slow.calls).toEqual(['a#1']);
  });
});

describe('a run whose deadline passes', () => {
  it('ends once, and the worker that is at it is told to stop', async () => {
    const stuck = misbehaving('stuck', endless);
    await fleet.serve(stuck);
    const { run } = await fleet.run('- { step: a, model: stuck }', 'deadline: 6s');
    expect(run).toMatchObject({ status: 'timed_out', error: { code: 'deadline_exceeded' } });
    await eventually(() => stuck.stopped.length === 1, patient);
    expect(fleet.amqp.told(run.id).filter((type) => type === 'run_finished')).toHaveLength(1);
  });

  it('leaves a request that is not run any more', async () => {
    const transport = await fleet.amqp.transport();
    await transport.declareWorkQueue('away', 1);
    const client = await fleet.coordinate('- { step: a, model: away }', 'deadline: 6s');
    await transport.publish([announcement('away')]);
    await fleet.hears('away');
    const { run } = await client.run('sample', { text: 'hello' });
    expect(run).toMatchObject({ status: 'timed_out', error: { code: 'deadline_exceeded' } });
    expect(await transport.readyCount('work.away.v1')).toBe(1);
    const late = good('away');
    await fleet.serve(late);
    await fleet.until(run.id, 'reply_late');
    const { history } = await client.operation('run.get', { run: run.id });
    expect(history.at(-1)).toMatchObject({ type: 'reply_late', code: 'deadline_exceeded' });
    expect(late.calls).toEqual([]);
  });
});

function stepOf(run: string, path: string, model: string): StepBlock {
  const at = new Date().toISOString();
  return { run, path, model, version: 1, attempt: 1, timeoutMs: 1, deadline: at, sentAt: at };
}
