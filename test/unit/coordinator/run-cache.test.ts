import { describe, expect, it } from 'vitest';
import { RunCache } from '../../../services/coordinator/store/sqlite/run-cache.ts';
import { aRun } from '../../support/run-builder.ts';

const HALF = 4 * 1024 * 1024;

describe('the cache of open runs', () => {
  it('lets the one go that was written longest ago when their records are too long together', () => {
    const cache = new RunCache();
    const [one, two, three] = [aRun('one'), aRun('two'), aRun('three')];
    cache.committed(1, one, HALF);
    cache.committed(2, two, HALF);
    cache.committed(1, one, HALF);
    cache.committed(3, three, HALF);
    const kept = [one, two, three].map(({ id }) => cache.get(id)?.number);
    expect(kept).toEqual([1, undefined, 3]);
  });

  it('forgets a run that has ended', () => {
    const cache = new RunCache();
    const run = aRun('one');
    cache.committed(1, run, 100);
    cache.committed(1, { ...run, status: 'succeeded', finishedAtMs: 2_000 }, 100);
    expect(cache.get(run.id)).toBeUndefined();
  });
});
