import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { corpus } from '../hostile/corpus/corpus.ts';

const readme = readFileSync(join(resolve(import.meta.dirname, '..'), 'hostile/README.md'), 'utf8');
const rows = [...readme.matchAll(/^\| B(\d+) [^|]+ \| (\d+) \| ([^|]+) \|$/gm)].map(
  ([, family, cases, where = '']) => ({ family: Number(family), cases: Number(cases), where }),
);

describe('the table of hostile inputs', () => {
  it('has a row for each of the 58 families', () => {
    const families = Array.from({ length: 58 }, (_, index) => index + 1);
    expect(rows.map(({ family }) => family)).toEqual(families);
  });

  it('tells of each how many cases there are and where, or why there is none', () => {
    const told = rows.map(({ family, cases, where }) => ({ family, cases, where }));
    const found = rows.map(({ family, where }) => {
      const own = corpus.filter((hostile) => hostile.family === family);
      const entrances = [...new Set(own.map(({ entrance }) => entrance))].join(', ');
      const none = /^not covered: ./.test(where) ? where : 'not covered: …';
      return { family, cases: own.length, where: own.length === 0 ? none : entrances };
    });
    expect(told).toEqual(found);
  });

  it('tells how many there are in all', () => {
    const [, cases, families] = /^(\d+) cases of (\d+) families/m.exec(readme) ?? [];
    expect(Number(cases)).toBe(corpus.length);
    expect(Number(families)).toBe(new Set(corpus.map(({ family }) => family)).size);
  });
});
