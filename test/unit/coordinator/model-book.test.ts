import { describe, expect, it } from 'vitest';
import { noUsage } from '../../../services/coordinator/engine/usage.ts';
import { ModelBook } from '../../../services/coordinator/model-book.ts';
import type { ModelLimits } from '../../../shared/envelope/manifest.ts';

const contract = (limits: ModelLimits) => ({
  checkInput: () => [],
  checkOutput: () => [],
  estimate: noUsage,
  limits,
});

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

  it('goes by the limits of the newest version that was announced', () => {
    const book = new ModelBook(() => 0);
    expect(book.limitsOf('echo')).toEqual({});
    book.learn('echo', 2, contract({ inFlight: 2 }));
    book.learn('echo', 1, contract({ inFlight: 1 }));
    expect(book.limitsOf('echo')).toEqual({ inFlight: 2 });
  });

  it('tells the engine of a model that is paused, and how many of its requests are open', () => {
    const book = new ModelBook(
      () => 0,
      (model) => model.length,
    );
    book.learn('echo', 1);
    expect(book.facts('echo')).toMatchObject({ openRequests: 4, paused: false });
    book.setPaused('echo', true);
    expect(book.facts('echo')).toMatchObject({ paused: true });
    book.setPaused('echo', false);
    expect(book.isPaused('echo')).toBe(false);
  });
});
