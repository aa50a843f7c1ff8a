import { describe, expect, it } from 'vitest';
import { ModelBook } from '../../../services/coordinator/model-book.ts';
import { aRun } from '../../support/run-builder.ts';

const openAt = (model: string) =>
  ({
    kind: 'call',
    path: 'a',
    attempt: 1,
    failures: 0,
    firstDispatchedAtMs: 0,
    withinAtMs: null,
    phase: { name: 'open', model, version: 1, silentAtMs: 1, republished: 0 },
  }) as const;

describe('the model book', () => {
  it('knows nothing of a model that was never announced', () => {
    expect(new ModelBook(() => 0).facts('echo')).toBeUndefined();
  });

  it('keeps versions in order, whatever the order of announcements', () => {
    const book = new ModelBook(() => 0);
    expect([2, 1, 2].map((version) => book.learn('echo', version))).toEqual([true, true, false]);
    expect(book.facts('echo')?.versions).toEqual([1, 2]);
  });

  it('adds up the concurrency of living workers, and forgets those that fell silent', () => {
    let nowMs = 0;
    const book = new ModelBook(() => nowMs);
    book.learn('echo', 1);
    book.heard('echo', 1, { instance: 'a', concurrency: 2 });
    nowMs = 40_000;
    book.heard('echo', 1, { instance: 'b', concurrency: 3 });
    expect(book.facts('echo')?.concurrency).toBe(5);
    nowMs = 50_000;
    expect(book.facts('echo')?.concurrency).toBe(3);
    nowMs = 90_000;
    expect(book.facts('echo')).toMatchObject({ versions: [1], concurrency: 0 });
  });

  it('counts open requests from one state of a run to the next', () => {
    const book = new ModelBook(() => 0);
    book.learn('echo', 1);
    book.learn('other', 1);
    const asked = aRun('r', { state: openAt('echo') });
    const passedOn = aRun('r', { state: openAt('other') });
    const open = () => ['echo', 'other'].map((model) => book.facts(model)?.openRequests);
    book.count(undefined, asked);
    expect(open()).toEqual([1, 0]);
    book.count(asked, passedOn);
    expect(open()).toEqual([0, 1]);
    book.count(passedOn, aRun('r', { status: 'succeeded' }));
    expect(open()).toEqual([0, 0]);
  });
});
