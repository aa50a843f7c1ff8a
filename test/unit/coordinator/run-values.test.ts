import { describe, expect, it } from 'vitest';
import { keepValue, runValues, ValuesCache } from '../../../services/coordinator/run-values.ts';

const valuesOf = (text: string) => runValues(new Map([['$payload', { text }]]), true);

describe('the values cache', () => {
  it('gives back what was kept', () => {
    const cache = new ValuesCache(10_000);
    cache.keep('run', valuesOf('hello'));
    expect(cache.of('run').byKey.get('$payload')).toEqual({ text: 'hello' });
    expect(cache.of('other').byKey.size).toBe(0);
  });

  it('knows of a run that it does not hold that it does not hold all of it', () => {
    const cache = new ValuesCache(10_000);
    cache.keep('run', valuesOf('hello'));
    expect([cache.of('run').complete, cache.of('other').complete]).toEqual([true, false]);
  });

  it('lets go of the run that was kept longest ago when it is full', () => {
    const cache = new ValuesCache(5_000);
    cache.keep('a', valuesOf('x'.repeat(1_000)));
    cache.keep('b', valuesOf('x'.repeat(1_000)));
    cache.keep('a', cache.of('a'));
    cache.keep('c', valuesOf('x'.repeat(1_000)));
    const held = ['a', 'b', 'c'].filter((run) => cache.of(run).complete);
    expect(held).toEqual(['a', 'c']);
  });

  it('counts what a run grew by while it was in hand', () => {
    const cache = new ValuesCache(5_000);
    const values = valuesOf('small');
    cache.keep('a', values);
    keepValue(values, 'big', 'x'.repeat(4_000));
    cache.keep('a', values);
    expect(cache.of('a').complete).toBe(false);
    cache.keep('b', valuesOf('x'.repeat(1_500)));
    expect(cache.of('b').complete).toBe(true);
  });
});
