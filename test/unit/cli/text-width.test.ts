import { describe, expect, it } from 'vitest';
import { colourPalette } from '../../../services/cli/terminal/palette.ts';
import { padTo, shorten, textWidth, wrap } from '../../../services/cli/terminal/text-width.ts';

describe('the width of text', () => {
  it.each([
    ['plain', 5],
    ['naïve', 5],
    ['nai\u0308ve', 5],
    ['日本', 4],
    ['🎉', 2],
    ['👩‍👩‍👧', 2],
    ['a\u200bb', 2],
    ['', 0],
  ])('counts columns, not characters: %s', (text, columns) => {
    expect(textWidth(text)).toBe(columns);
  });

  it('does not count colours', () => {
    expect(textWidth(colourPalette.good('ok'))).toBe(2);
  });

  it('cuts with an ellipsis and never through a character', () => {
    expect(shorten('a long sentence', 8)).toBe('a long…');
    expect(shorten('日本語です', 6)).toBe('日本…');
    expect(shorten('🎉🎉🎉', 4)).toBe('🎉…');
    expect(shorten('short', 5)).toBe('short');
    expect(shorten('nothing fits', 0)).toBe('');
  });

  it('pads to a width and leaves longer text alone', () => {
    expect(padTo('日', 4)).toBe('日  ');
    expect(padTo('longer', 3)).toBe('longer');
  });

  it('wraps words, keeps line breaks and cuts a word that is longer than a line', () => {
    expect(wrap('one two three\nfour', 8)).toEqual(['one two', 'three', 'four']);
    expect(wrap('abcdefghij k', 4)).toEqual(['abcd', 'efgh', 'ij k']);
  });
});
