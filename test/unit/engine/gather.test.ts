import { describe, expect, it } from 'vitest';
import type { Gather } from '../../../shared/flow/kernel.ts';
import {
  branch,
  call,
  constant,
  flowOf,
  reading,
  scatter,
  sequence,
  set,
} from '../../support/kernel-builders.ts';
import { RunDriver } from '../../support/run-driver.ts';

const label = reading({}, ({ output }) => (output as { label: string }).label);
const sure = reading({}, ({ output }) => (output as { sure: number }).sure);

/** Branches a, b, c … with these values, gathered; the output shows the value and its facts. */
function gathering(gather: Gather, values: readonly ({ label: string; sure: number } | null)[]) {
  const branches = values.map((value, position) => {
    const id = 'abcdef'[position] ?? '';
    return branch('p', id, ...(value === null ? [] : [set(`p/${id}`, constant(value))]));
  });
  const output = reading(
    { p: 'p', facts: 'p/$facts', read: { name: 'read', keys: ['p'], factsKey: 'p/$facts' } },
    ({ p, facts }) => ({ value: p ?? null, facts: facts ?? null }),
  );
  const driver = new RunDriver(flowOf(sequence(scatter('p', branches, { gather })), { output }));
  driver.accept();
  return driver;
}

const cat = { label: 'cat', sure: 0.4 };
const dog = { label: 'dog', sure: 0.7 };
const owl = { label: 'owl', sure: 0.7 };

describe('what a join makes of its branches', () => {
  it.each<[string, Gather, readonly (typeof cat | null)[], unknown]>([
    ['fields: one per branch', { kind: 'fields' }, [cat, dog], { a: cat, b: dog }],
    [
      'fields: null for a branch without a value',
      { kind: 'fields' },
      [cat, null],
      { a: cat, b: null },
    ],
    ['list: in branch order', { kind: 'list' }, [dog, cat], [dog, cat]],
    ['list: each mapped', { kind: 'list', value: label }, [dog, cat], ['dog', 'cat']],
    ['vote: what most agree on', { kind: 'vote', by: label }, [dog, cat, cat], cat],
    ['vote: the one written first on a tie', { kind: 'vote', by: label }, [dog, cat], dog],
    ['vote: by weight', { kind: 'vote', by: label, weight: sure }, [cat, dog], dog],
    ['vote: without those that have no value', { kind: 'vote', by: label }, [null, cat], cat],
    ['best: the highest score', { kind: 'best', score: sure }, [cat, owl], owl],
    ['best: the one written first on a tie', { kind: 'best', score: sure }, [cat, dog, owl], dog],
  ])('%s', (_, gather, values, value) => {
    expect(gathering(gather, values).result.payload).toMatchObject({ value });
  });

  it('tells the votes', () => {
    const { payload } = gathering({ kind: 'vote', by: label }, [dog, cat, cat]).result;
    expect(payload).toMatchObject({ facts: { $votes: { dog: 1, cat: 2 }, $missing: [] } });
  });

  it('tells the scores and which branch had the best', () => {
    const { payload } = gathering({ kind: 'best', score: sure }, [cat, dog]).result;
    expect(payload).toMatchObject({ facts: { $scores: { a: 0.4, b: 0.7 }, $branch: 'b' } });
  });

  it('counts votes for equal objects together, whatever the order of their keys', () => {
    const by = reading({}, ({ branch: id }) => (id === 'a' ? { x: 1, y: 2 } : { y: 2, x: 1 }));
    const { payload } = gathering({ kind: 'vote', by }, [dog, cat]).result;
    expect(payload).toMatchObject({ facts: { $votes: { '{"x":1,"y":2}': 2 } } });
  });

  it.each<[string, Gather]>([
    ['vote', { kind: 'vote', by: label }],
    ['best', { kind: 'best', score: sure }],
  ])('of a %s without any value fails with join_empty', (_, gather) => {
    const { error } = gathering(gather, [null, null]).run;
    expect(error).toMatchObject({ code: 'join_empty', step: 'p' });
  });

  it.each<[string, Gather]>([
    ['weight', { kind: 'vote', by: label, weight: label }],
    ['score', { kind: 'best', score: label }],
  ])('fails when a %s is no number', (_, gather) => {
    const { error } = gathering(gather, [cat, dog]).run;
    expect(error).toMatchObject({ code: 'expression_failed', step: 'p' });
  });

  it('asks for the values of all branches in one round', () => {
    const branches = ['a', 'b', 'c'].map((id) => branch('p', id, call(`p/${id}`)));
    const driver = new RunDriver(flowOf(sequence(scatter('p', branches))));
    driver.accept();
    driver.succeed('p/a', {});
    driver.succeed('p/b', {});
    driver.succeed('p/c', {});
    expect(driver.rounds).toBe(1);
    expect(driver.run.status).toBe('succeeded');
  });
});
