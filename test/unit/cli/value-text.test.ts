import { describe, expect, it } from 'vitest';
import { textWidth } from '../../../services/cli/terminal/text-width.ts';
import { inlineValue, valueLines } from '../../../services/cli/terminal/value-text.ts';

describe('a value on one line', () => {
  it.each([
    ['a\nb', 'a b'],
    [0.123456, '0.1235'],
    [12, '12'],
    [true, 'true'],
    [null, 'null'],
    [['a', 'b'], 'a, b'],
    [[], 'none'],
    [[{ text: 'x' }, { text: 'y' }], 'text x; text y'],
    [{ label: 'food', score: 0.5 }, 'label food, score 0.5'],
    [{ tags: ['a', 'b'] }, 'tags (a, b)'],
    [`data:image/png;base64,${'A'.repeat(4000)}`, 'image/png, 3 kB'],
  ])('%j reads %s', (value, text) => {
    expect(inlineValue(value)).toBe(text);
  });
});

describe('a whole value', () => {
  it('has its keys in a column, long text wrapped and nothing left out', () => {
    const words = Array.from({ length: 40 }, (_, index) => `word${index}`).join(' ');
    const lines = valueLines({ answer: words, intent: 'reset' }, 60);
    expect(lines[0]).toMatch(/^answer {2}word0 /);
    expect(lines[1]).toMatch(/^ {8}word/);
    expect(lines.at(-1)).toBe('intent  reset');
    expect(lines.join(' ')).toContain('word39');
    for (const line of lines) expect(textWidth(line)).toBeLessThanOrEqual(60);
  });

  it('indents lists of objects', () => {
    const value = {
      items: [
        { text: 'a'.repeat(30), tag: 'x' },
        { text: 'b', tag: 'y' },
      ],
    };
    expect(valueLines(value, 40)).toEqual([
      'items',
      `  - text  ${'a'.repeat(30)}`,
      '    tag   x',
      '  - text  b',
      '    tag   y',
    ]);
  });
});
