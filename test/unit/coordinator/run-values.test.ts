import { describe, expect, it } from 'vitest';
import { keepValue, runValues, ValuesCache } from '../../../services/coordinator/run-values.ts';

const valuesOf = (text: string) => runValues(new Map([['$payload', { text }]]), true);

describe('the values cache', () => {
  it('gives back what was kept', () => {
    const cache = new ValuesCache(10_000);
    cache.keep('run', valuesOf('hello'), 1);
    expect(cache.take('run', 1).byKey.get('$payload')).toEqual({ text: 'hello' });
    expect(cache.take('other', 1).byKey.size).toBe(0);
  });

  it('gives to one transaction only, so that what it makes of them and never commits is not believed', () => {
    const cache = new ValuesCache(10_000);
    cache.keep('run', valuesOf('hello'), 1);
    keepValue(cache.take('run', 1), 'void', true);
    expect(cache.take('run', 1).byKey.size).toBe(0);
  });

  it('gives back nothing for a run that another coordinator has decided since', () => {
    const cache = new ValuesCache(10_000);
    cache.keep('run', valuesOf('hello'), 1);
    const values = cache.take('run', 2);
    expect([values.complete, values.byKey.size]).toEqual([false, 0]);
  });

  it('knows of a run that it does not hold that it does not hold all of it', () => {
    const cache = new ValuesCache(10_000);
    cache.keep('run', valuesOf('hello'), 1);
    expect([cache.take('run', 1).complete, cache.take('other', 1).complete]).toEqual([true, false]);
  });

  it('lets go of the run that was kept longest ago when it is full', () => {
    const cache = new ValuesCache(5_000);
    cache.keep('a', valuesOf('x'.repeat(1_000)), 1);
    cache.keep('b', valuesOf('x'.repeat(1_000)), 1);
    cache.keep('a', cache.take('a', 1), 1);
    cache.keep('c', valuesOf('x'.repeat(1_000)), 1);
    const held = ['a', 'b', 'c'].filter((run) => cache.take(run, 1).complete);
    expect(held).toEqual(['a', 'c']);
  });

  it('counts what a run grew by while it was in hand', () => {
    const cache = new ValuesCache(5_000);
    const values = valuesOf('small');
    cache.keep('a', values, 1);
    keepValue(values, 'big', 'x'.repeat(4_000));
    cache.keep('a', values, 1);
    expect(cache.take('a', 1).complete).toBe(false);
    cache.keep('b', valuesOf('x'.repeat(1_500)), 1);
    expect(cache.take('b', 1).complete).toBe(true);
  });
});
