import { describe, expect, it } from 'vitest';
import { visibleLine, visibleText } from '../../../services/cli/terminal/visible-text.ts';

describe('text of a model on a terminal', () => {
  it('cannot send control sequences', () => {
    const hostile = '\u001b]0;title\u0007\u001b[2Jgone\u009b31m';
    expect(/\p{Cc}/u.test(visibleText(hostile))).toBe(false);
  });

  it('cannot turn the direction of what follows', () => {
    expect(visibleText('a\u202Eb\u2066c')).toBe('abc');
  });

  it('keeps its line breaks, or becomes one line', () => {
    expect(visibleText('a\r\nb\tc')).toBe('a\nb  c');
    expect(visibleLine('  a\n\n b\t c ')).toBe('a b c');
  });
});
