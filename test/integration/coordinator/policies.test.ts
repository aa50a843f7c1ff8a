import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { PermanentError, TransientError } from '../../../shared/errors/errors.ts';
import { AmqpFleet } from '../../support/amqp-fleet.ts';
import { type TestBroker, testBroker } from '../../support/broker.ts';
import { eventually } from '../../support/eventually.ts';
import { flowOf } from '../../support/flow-text.ts';
import { endless, misbehaving } from '../../support/misbehaving-models.ts';

/** Each policy of a step, over RabbitMQ, with a model that misbehaves on purpose. */

let broker: TestBroker;
let fleet: AmqpFleet;

beforeAll(async () => {
  broker = await testBroker();
});

beforeEach(() => {
  fleet = new AmqpFleet(broker);
});

afterEach(() => fleet.stop());

afterAll(() => broker.stop());

const output =
  'output: { text: context.a.text, by: context.a.$servedBy, degraded: context.a.$degraded }';
const good = (name = 'good') => misbehaving(name, () => ({ text: `from ${name}` }));

async function run(nodes: string, more = output, text = 'hello') {
  await fleet.coordinator([flowOf(nodes, more)]);
  const client = await fleet.client();
  return client.run('sample', { text });
}

describe('a model that is slow', () => {
  it('is stopped when its time is over, and the next model answers', async () => {
    const slow = misbehaving('slow', endless);
    await fleet.worker(slow.model);
    await fleet.worker(good().model);
    const result = await run(
      '- { step: a, model: slow, timeout: 200ms, retry: { attempts: 1 }, fallback: good }',
    );
    expect(result.payload).toEqual({ text: 'from good', by: 'good@1', degraded: 'fallback' });
    expect(slow.stopped).toEqual([expect.objectContaining({ code: 'timeout' })]);
    expect(result.run.degraded).toEqual(['a']);
  });

  it('is given up when the step has a time of its own; its late reply changes nothing', async () => {
    const gate = Promise.withResolvers<void>();
    const slow = misbehaving('slow', async () => {
      await gate.promise;
      return { text: 'late' };
    });
    await fleet.worker(slow.model);
    const result = await run(
      '- { step: a, model: slow, within: 500ms, onFailure: { default: { text: "\'later\'" } } }',
    );
    expect(result.payload).toMatchObject({ text: 'later', degraded: 'default' });
    gate.resolve();
    await eventually(() => slow.stopped.length === 1);
    expect(fleet.told(result.run.id).filter((type) => type === 'run_finished')).toHaveLength(1);
  });
});

describe('a model that fails every other call', () => {
  it('is tried again; nothing is degraded', async () => {
    const flaky = misbehaving('flaky', (nth) => {
      if (nth % 2 === 1) throw new TransientError('hiccup', 'Not this time.');
      return { text: 'now' };
    });
    await fleet.worker(flaky.model);
    const result = await run('- { step: a, model: flaky, retry: { initial: 10ms } }');
    expect(result.payload).toEqual({ text: 'now', by: 'flaky@1', degraded: null });
    expect(flaky.calls).toEqual(['a#1', 'a#2']);
    expect(result.run.steps['a']?.usage.calls).toBe(2);
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
    await fleet.worker(limited.model);
    const result = await run(
      '- { step: a, model: limited, retry: { initial: 1ms, on: { rate_limited: 5 } } }',
    );
    expect(result.payload).toMatchObject({ text: 'now' });
    expect((at[1] ?? 0) - (at[0] ?? 0)).toBeGreaterThanOrEqual(700);
  });
});

describe('a model whose output has the wrong shape', () => {
  it('is asked again with what was wrong', async () => {
    const seen: (readonly string[])[] = [];
    const sloppy = misbehaving('sloppy', (nth, call) => {
      seen.push(call.reask);
      return nth === 1 ? { words: 'hm' } : { text: 'better' };
    });
    await fleet.worker(sloppy.model);
    const result = await run('- { step: a, model: sloppy, validate: { reask: 2 } }');
    expect(result.payload).toMatchObject({ text: 'better', by: 'sloppy@1' });
    expect(seen).toEqual([[], [expect.stringContaining('/text')]]);
  });

  it('is left for the next one when it stays wrong', async () => {
    const sloppy = misbehaving('sloppy', () => ({ words: 'hm' }));
    await fleet.worker(sloppy.model);
    await fleet.worker(good().model);
    const result = await run(
      '- { step: a, model: sloppy, validate: { reask: 1 }, fallback: good }',
    );
    expect(result.payload).toMatchObject({ by: 'good@1' });
    expect(result.run.steps['a']?.degraded).toEqual([{ why: 'fallback', code: 'output_invalid' }]);
    expect(sloppy.calls).toHaveLength(2);
  });
});

describe('a model that refuses', () => {
  it('leaves a dead letter, and ends the run with its word', async () => {
    const strict = misbehaving('strict', () => {
      throw new PermanentError('content_refused', 'Not that.');
    });
    await fleet.worker(strict.model);
    const result = await run('- { step: a, model: strict }');
    expect(result.run).toMatchObject({
      status: 'failed',
      error: { code: 'content_refused', step: 'a' },
    });
    expect(strict.calls).toEqual(['a#1']);
  });
});

describe('an input that a model would refuse', () => {
  it('is refused before it is sent', async () => {
    const strict = good('strict');
    await fleet.worker(strict.model);
    const result = await run('- { step: a, model: strict, input: { words: payload.text } }');
    expect(result.run.error).toMatchObject({ code: 'input_invalid', step: 'a' });
    expect(strict.calls).toEqual([]);
  });
});

describe('a cached step', () => {
  it('is called once for runs that ask the same at the same time (single flight)', async () => {
    const gate = Promise.withResolvers<void>();
    const counted = misbehaving('counted', async () => {
      await gate.promise;
      return { text: 'once' };
    });
    await fleet.worker(counted.model);
    await fleet.coordinator([flowOf('- { step: a, model: counted, cache: 1m }', output)]);
    const client = await fleet.client();
    const results = Array.from({ length: 5 }, () => client.run('sample', { text: 'same' }));
    await eventually(
      () => fleet.history.filter(({ type }) => type === 'attempt_held').length === 4,
    );
    gate.resolve();
    const by = (await Promise.all(results)).map(({ payload }) => (payload as { by: string }).by);
    expect(by.toSorted()).toEqual(['cache', 'cache', 'cache', 'cache', 'counted@1']);
    expect(counted.calls).toHaveLength(1);
  });
});

describe('an earlier answer', () => {
  it('stands in for a model that broke since, with its age', async () => {
    const breaking = misbehaving('breaking', (nth) => {
      if (nth > 1) throw new PermanentError('broken', 'No more.');
      return { text: 'yesterday' };
    });
    await fleet.worker(breaking.model);
    const flow = flowOf('- { step: a, model: breaking, onFailure: { stale: 1h } }', output);
    await fleet.coordinator([flow]);
    const client = await fleet.client();
    await client.run('sample', { text: 'same' });
    const result = await client.run('sample', { text: 'same' });
    expect(result.payload).toEqual({ text: 'yesterday', by: 'stale', degraded: 'stale' });
    const [why] = result.run.steps['a']?.degraded ?? [];
    expect(why).toMatchObject({ why: 'stale', code: 'broken', ageMs: expect.any(Number) });
  });
});

describe('a budget', () => {
  it('counts the spend of calls that were cancelled and streamed (LiteLLM #37923, #13245)', async () => {
    const spends = misbehaving('spends', async (_, call) => {
      call.usage({ microUsd: 70 });
      call.emit({ token: 'a' });
      await new Promise((resolve) => call.signal.addEventListener('abort', resolve));
      return { text: 'never' };
    });
    await fleet.worker(spends.model);
    await fleet.worker(good().model);
    const nodes = `
- { step: a, model: spends, timeout: 200ms, retry: { attempts: 1 }, onFailure: { default: { text: "''" } } }
- { step: b, model: good }
`;
    const result = await run(nodes, 'budget: { usd: 0.00005 }');
    expect(result.run.error).toMatchObject({ code: 'budget_exceeded', step: 'b' });
    expect(result.run.usage).toMatchObject({ calls: 1, microUsd: 70 });
    expect(result.run.steps['a']?.usage).toMatchObject({ microUsd: 70 });
  });
});

describe('a join that is decided', () => {
  it('has its other branches told to stop (nestjs/bull #2671)', async () => {
    const slow = misbehaving('slow', endless);
    await fleet.worker(slow.model);
    await fleet.worker(good().model);
    const nodes = `
- parallel: p
  join: any
  branches: [{ step: x, model: slow }, { step: a, model: good }]
`;
    const result = await run(nodes, 'output: { text: context.p.a.text }');
    expect(result.run).toMatchObject({ status: 'succeeded', missing: ['p/x'] });
    await eventually(() => slow.stopped.length === 1);
    expect(slow.stopped).toEqual([expect.objectContaining({ code: 'cancelled' })]);
  });

  it('is decided too when a branch dies: no join is left open (Celery #1704, BullMQ #3362)', async () => {
    const dying = misbehaving('dying', () => {
      throw new PermanentError('died', 'It died.');
    });
    await fleet.worker(dying.model);
    await fleet.worker(good().model);
    const nodes = `
- parallel: p
  branches: [{ step: x, model: dying }, { step: a, model: good }]
`;
    const result = await run(nodes, '');
    expect(result.run).toMatchObject({ status: 'failed', error: { code: 'died', step: 'p/x' } });
  });
});
