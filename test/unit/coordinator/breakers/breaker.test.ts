import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Breaker, type Word } from '../../../../services/coordinator/breakers/breaker.ts';
import type { BreakerPolicy } from '../../../../shared/flow/kernel.ts';

const policy: BreakerPolicy = {
  failureRate: 0.5,
  slowRate: 0.5,
  slowMs: 100,
  minCalls: 4,
  windowMs: 10_000,
  openMs: 5_000,
  probes: 2,
};
const succeeded: Word = { name: 'succeeded', tookMs: 10 };
const slow: Word = { name: 'succeeded', tookMs: 101 };
const failed: Word = { name: 'failed', tookMs: 10 };
const unsaid: Word = { name: 'unsaid' };

function breaker(more: Partial<BreakerPolicy> = {}): Breaker {
  return new Breaker({ ...policy, ...more }, 'one');
}

function hear(one: Breaker, words: readonly Word[], nowMs = 0): Breaker {
  words.forEach((word, index) => {
    one.heard(`${nowMs}/${index}`, word, nowMs);
  });
  return one;
}

/** Half open, at 5 s, and probed by this coordinator. */
function halfOpen(): Breaker {
  const one = hear(breaker(), [failed, failed, failed, failed]);
  one.adopt(one.claimed(5_000));
  return one;
}

describe('a closed breaker', () => {
  it.each<[string, readonly Word[], string]>([
    ['fewer calls than it needs', [failed, failed, failed], 'closed'],
    ['enough failures', [succeeded, failed, succeeded, failed], 'open'],
    ['too few failures', [succeeded, succeeded, succeeded, failed, failed], 'closed'],
    ['enough slow calls', [succeeded, slow, succeeded, slow], 'open'],
    [
      'neither enough failures nor enough slow calls',
      [slow, failed, succeeded, succeeded, succeeded],
      'closed',
    ],
    [
      'failures that say nothing of the model',
      [unsaid, unsaid, unsaid, unsaid, succeeded],
      'closed',
    ],
  ])('with %s', (_, words, state) => {
    expect(hear(breaker(), words).state.name).toBe(state);
  });

  it('forgets what is older than its window', () => {
    const one = hear(breaker(), [failed, failed, failed]);
    hear(one, [failed], 10_000);
    expect(one.state.name).toBe('closed');
    expect(one.tally(10_000)).toEqual({ calls: 1, failed: 1, slow: 0 });
  });

  it('finds no call slow when its policy does not say what slow is', () => {
    const { slowMs: _, ...others } = policy;
    const one = new Breaker(others, 'one');
    expect(hear(one, [slow, slow, slow, slow]).state.name).toBe('closed');
  });

  it('opens for what other coordinators have seen', () => {
    const one = hear(breaker(), [failed, failed]);
    one.setOthers([{ '0': { calls: 2, failed: 2, slow: 0 } }]);
    one.review(500);
    expect(one.state.name).toBe('open');
  });
});

describe('an open breaker', () => {
  it('lets nothing through until its time is over and somebody probes', () => {
    const one = hear(breaker(), [failed, failed, failed, failed]);
    expect(one.facts(4_999)).toEqual({ callable: 0, untilMs: 5_000 });
    expect([one.claimable(4_999), one.claimable(5_000)]).toEqual([false, true]);
    expect(one.facts(5_000).callable).toBe(0);
    one.adopt(one.claimed(5_000));
    expect(one.facts(5_000).callable).toBe(2);
  });

  it('is not moved by answers to earlier calls', () => {
    const one = hear(breaker(), [failed, failed, failed, failed]);
    hear(one, [succeeded, succeeded, succeeded]);
    expect(one.facts(10)).toEqual({ callable: 0, untilMs: 5_000 });
  });
});

describe('a half open breaker', () => {
  it('closes when all its probes have succeeded, and forgets what was', () => {
    const one = halfOpen();
    one.left('a');
    one.left('b');
    expect(one.facts(5_000).callable).toBe(0);
    one.heard('a', succeeded, 5_100);
    expect(one.state.name).toBe('half_open');
    one.heard('b', succeeded, 5_100);
    expect(one.state.name).toBe('closed');
    expect(one.tally(5_100).calls).toBe(0);
  });

  it.each([
    ['fails', failed],
    ['is slow', slow],
  ])('opens again when a probe %s', (_, word) => {
    const one = halfOpen();
    one.left('a');
    one.heard('a', word, 6_000);
    expect(one.facts(6_000)).toEqual({ callable: 0, untilMs: 11_000 });
  });

  it('sends a probe once more that said nothing', () => {
    const one = halfOpen();
    one.left('a');
    one.left('b');
    one.heard('a', unsaid, 5_100);
    expect(one.facts(5_100).callable).toBe(1);
  });

  it('is not moved by answers to calls that are no probes', () => {
    const one = halfOpen();
    hear(one, [failed, succeeded, succeeded], 5_100);
    expect(one.state.name).toBe('half_open');
  });

  it('is probed by one coordinator alone, as long as that is heard', () => {
    const one = halfOpen();
    const two = new Breaker(policy, 'two');
    two.adopt(one.state);
    expect(two.facts(5_000).callable).toBe(0);
    expect(two.claimable(14_999)).toBe(false);
    one.sign(12_000);
    two.adopt(one.state);
    expect([two.claimable(15_000), two.claimable(22_000)]).toEqual([false, true]);
  });
});

type Step =
  | { readonly name: 'wait'; readonly ms: number }
  | { readonly name: 'call' }
  | { readonly name: 'answer'; readonly of: number; readonly word: Word };

describe('a breaker, whatever happens', () => {
  it('is never callable before its time, never sends more probes than it may, closes only after all of them', () => {
    const step = fc.oneof<fc.Arbitrary<Step>[]>(
      fc.record({ name: fc.constant('wait'), ms: fc.nat({ max: 3_000 }) }),
      fc.constant({ name: 'call' }),
      fc.record({
        name: fc.constant('answer'),
        of: fc.nat(),
        word: fc.constantFrom(succeeded, slow, failed, failed, unsaid),
      }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const one = breaker();
        const out: { attempt: string; round: number }[] = [];
        let [nowMs, calls, succeededProbes] = [0, 0, 0];
        for (const step of steps) {
          const { state } = one;
          if (step.name === 'wait') nowMs += step.ms;
          else if (step.name === 'call') {
            if (one.claimable(nowMs)) one.adopt(one.claimed(nowMs));
            if (one.facts(nowMs).callable < 1) continue;
            if (state.name === 'open') expect(nowMs).toBeGreaterThanOrEqual(state.untilMs);
            calls += 1;
            out.push({ attempt: `${calls}`, round: one.state.round });
            one.left(`${calls}`);
            const probes = out.filter(({ round }) => round === one.state.round).length;
            if (one.state.name === 'half_open') expect(probes).toBeLessThanOrEqual(policy.probes);
          } else {
            const [call] = out.splice(step.of % Math.max(1, out.length), 1);
            if (call === undefined) continue;
            one.heard(call.attempt, step.word, nowMs);
            if (state.name !== 'half_open') continue;
            const isProbe = call.round === state.round;
            if (isProbe && step.word === succeeded) succeededProbes += 1;
            const bad = step.word === failed || step.word === slow;
            if (isProbe && bad) expect(one.state.name).toBe('open');
            if (one.state.name === 'closed') expect(succeededProbes).toBe(policy.probes);
          }
          if (one.state.round !== state.round) succeededProbes = 0;
        }
      }),
      { numRuns: 500 },
    );
  });
});
