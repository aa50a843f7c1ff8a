import { describe, expect, it } from 'vitest';
import { TransientError } from '../../../shared/errors/errors.ts';
import { eventually } from '../../support/eventually.ts';
import { good, misbehaving } from '../../support/misbehaving-models.ts';
import { PolicyFleet, patient } from '../../support/policy-fleet.ts';

const fleet = new PolicyFleet();

/** Fails until it is well. */
function sick(name: string) {
  const health = { well: false };
  const model = misbehaving(name, () => {
    if (!health.well) throw new TransientError('ill', 'Not now.');
    return { text: 'well again' };
  });
  return { ...model, health };
}

const ask = async () => (await fleet.client.run('sample', { text: 'hello' })).run.steps['a'];
const state = async (name: string) => {
  const { models } = await fleet.client.operation('model.list', {});
  return models.find(({ model }) => model === name)?.breakers[0]?.state;
};

describe('a breaker that is open', () => {
  it('keeps a model from being called: the next one is asked', async () => {
    const ill = sick('ill');
    await fleet.serve(ill);
    await fleet.serve(good());
    await fleet.coordinate(`
- step: a
  model: ill
  retry: { attempts: 1 }
  fallback: good
  breaker: { failureRate: 0.5, minCalls: 3, window: 1h, openFor: 1h }
`);
    for (let n = 0; n < 3; n += 1) {
      expect((await ask())?.degraded).toEqual([{ why: 'fallback', code: 'ill' }]);
    }
    await eventually(async () => (await state('ill')) === 'open', patient);
    for (let n = 0; n < 3; n += 1) {
      expect(await ask()).toMatchObject({
        servedBy: ['good@1'],
        degraded: [{ why: 'fallback', code: 'breaker_open' }],
        usage: { calls: 1 },
      });
    }
    expect(ill.calls).toHaveLength(3);
  });

  it('lets what the step says for it answer, and nobody is called', async () => {
    const ill = sick('onlyone');
    await fleet.serve(ill);
    await fleet.coordinate(`
- step: a
  model: onlyone
  retry: { attempts: 1 }
  onOpen: { default: { text: "'later'" } }
  onFailure: { default: { text: "'sorry'" } }
  breaker: { failureRate: 0.5, minCalls: 1, window: 1h, openFor: 1h }
`);
    expect((await ask())?.degraded).toEqual([{ why: 'default', code: 'ill' }]);
    const result = await fleet.client.run('sample', { text: 'hello' });
    expect(result.payload).toEqual({ text: 'later', by: 'default', degraded: 'default' });
    expect(result.run.usage.calls).toBe(0);
    expect(ill.calls).toHaveLength(1);
  });
});

describe('a breaker that is tried again', () => {
  it('stays open after a probe that fails, and closes after those that succeed', async () => {
    const ill = sick('recovering');
    await fleet.serve(ill);
    await fleet.coordinate(`
- step: a
  model: recovering
  retry: { attempts: 1 }
  onFailure: { default: { text: "'sorry'" } }
  breaker: { failureRate: 0.5, minCalls: 2, window: 1h, openFor: 2s, probes: 1 }
`);
    await ask();
    await ask();
    expect(ill.calls).toHaveLength(2);
    // Whoever asks meanwhile is answered without a call, until it is time for the probe.
    await eventually(async () => (await ask()) && ill.calls.length === 3, patient);
    await eventually(async () => (await ask())?.degraded?.[0]?.code === 'breaker_open', patient);
    ill.health.well = true;
    await eventually(async () => (await ask())?.servedBy[0] === 'recovering@1', patient);
    await eventually(async () => (await state('recovering')) === 'closed', patient);
  });
});

describe('a step whose every breaker is open, and that has nothing else', () => {
  it('waits until a model may be tried again', async () => {
    const ill = sick('waited');
    await fleet.serve(ill);
    await fleet.coordinate(`
- step: a
  model: waited
  retry: { attempts: 1 }
  breaker: { failureRate: 0.5, minCalls: 1, window: 1h, openFor: 4s, probes: 1 }
`);
    await fleet.client.run('sample', { text: 'hello' });
    ill.health.well = true;
    const { run } = await fleet.client.submit('sample', { text: 'hello' });
    const result = await fleet.client.result(run);
    expect(result.payload).toEqual({ text: 'well again', by: 'waited@1', degraded: null });
    expect(fleet.amqp.told(run)).toContain('attempt_held');
    expect(ill.calls).toHaveLength(2);
  });
});
