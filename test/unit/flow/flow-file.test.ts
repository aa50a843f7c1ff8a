import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadFlowFiles } from '../../../shared/flow/load-folder.ts';

const good =
  'flow: f\nversion: 1\ndescription: d\ninput: {}\ndo:\n  - set: a\n    value: { $value: 1 }\n';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flows-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function problemsOf(bytes: string | Uint8Array) {
  const file = join(folder, 'f.yaml');
  writeFileSync(file, bytes);
  return loadFlowFiles([file]).problems;
}

describe('a flow file', () => {
  it('with a byte order mark in front is read', () => {
    expect(problemsOf(`\ufeff${good}`)).toEqual([]);
  });

  it('that is no UTF-8 is refused, instead of read with other letters (B3)', () => {
    const latin = Buffer.from(good.replace('description: d', 'description: caf\xe9'), 'latin1');
    expect(problemsOf(latin)).toMatchObject([{ code: 'bad_utf8', line: 1 }]);
  });

  it.each([
    ['a bidi override', 'description: d # \u202e', 3, 18],
    ['a zero width space', 'description: d\u200b', 3, 15],
    ['tag characters', 'description: d\u{e0041}', 3, 15],
  ])(
    'with %s does not show what it says, and is refused where it stands (B15)',
    (_, text, line, column) => {
      const problems = problemsOf(good.replace('description: d', text));
      expect(problems).toMatchObject([{ code: 'invisible_text', line, column }]);
    },
  );

  it('may write such a character as an escape, and emoji and Persian as they are', () => {
    const text = 'description: "\\u202e 👩‍👩‍👧 می‌خواهم"';
    expect(problemsOf(good.replace('description: d', text))).toEqual([]);
  });

  it('that is too large is not read at all (B2)', () => {
    expect(problemsOf(Buffer.alloc(300 * 1024, 0x20))).toMatchObject([
      { code: 'flow_file_too_large' },
    ]);
  });
});
