import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const tests = resolve(import.meta.dirname, '..');
const readme = readFileSync(join(tests, 'chaos/README.md'), 'utf8');
const rows = [...readme.matchAll(/^\| F(\d+) [^|]+ \| ([^|]+) \|$/gm)].map(
  ([, number, by = '']) => ({
    number: Number(number),
    by,
    /** Names with a folder are files; others in backticks are options and faults. */
    files: [...by.matchAll(/`([a-z][\w-]*(?:\/[\w-]+)+)`/g)].map(([, file = '']) => file),
  }),
);
const isCovered = ({ by }: { readonly by: string }) => !by.startsWith('not covered');

function exists(file: string): boolean {
  return ['', 'integration'].some((folder) =>
    ['test', 'contract'].some((kind) => existsSync(join(tests, folder, `${file}.${kind}.ts`))),
  );
}

describe('the table of faults', () => {
  it('has a row for each of the 54', () => {
    expect(rows.map(({ number }) => number)).toEqual(
      Array.from({ length: 54 }, (_, index) => index + 1),
    );
  });

  it('names for each a test that is there, or says that it is not covered and why', () => {
    const missing = rows.flatMap(({ number, files }) =>
      files.filter((file) => !exists(file)).map((file) => `F${number}: ${file}`),
    );
    expect(missing).toEqual([]);
    const empty = rows.filter((row) =>
      isCovered(row)
        ? row.files.length === 0 && !/\b(chaos|matrix)\b/.test(row.by)
        : !/^not covered[^:]*: ./.test(row.by),
    );
    expect(empty.map(({ number }) => `F${number}`)).toEqual([]);
  });

  it('counts them right', () => {
    const told = /^(\d+) of the 54 are covered/m.exec(readme)?.[1];
    expect(Number(told)).toBe(rows.filter(isCovered).length);
  });
});
