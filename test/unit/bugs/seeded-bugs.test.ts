import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { seededBugs } from '../../bugs/seeded-bugs.ts';
import { edited } from '../../bugs/tree-copy.ts';

const root = join(import.meta.dirname, '../../..');

describe('the seeded bugs', () => {
  it('are the fifteen that every layer of tests is held against', () => {
    expect(new Set(seededBugs.map(({ name }) => name)).size).toBe(15);
  });

  it.each(seededBugs)('still fit the code: $name', (bug) => {
    const text = readFileSync(join(root, bug.file), 'utf8');
    expect(edited(text, bug)).not.toBe(text);
    expect(existsSync(join(root, bug.test))).toBe(true);
  });
});
