import { describe, expect, it } from 'vitest';
import { plainPalette } from '../../../services/cli/terminal/palette.ts';
import { screenOf } from '../../../services/cli/terminal/screen.ts';
import { asciiSymbols, unicodeSymbols } from '../../../services/cli/terminal/symbols.ts';

const terminal = { isTerminal: true, columns: 100, rows: 40 };

describe('what a stream can show', () => {
  it('is colour and movement on a terminal', () => {
    const screen = screenOf(terminal, { TERM: 'xterm-256color', LANG: 'en_US.UTF-8' });
    expect(screen.live).toBe(true);
    expect(screen.columns).toBe(100);
    expect(screen.palette).not.toBe(plainPalette);
  });

  it('is plain lines of 80 columns in a pipe', () => {
    const screen = screenOf({ isTerminal: false }, {});
    expect(screen).toMatchObject({ live: false, columns: 80, palette: plainPalette });
  });

  it('has no colour where NO_COLOR is set, though it may move', () => {
    const screen = screenOf(terminal, { NO_COLOR: '1' });
    expect(screen).toMatchObject({ live: true, palette: plainPalette });
  });

  it('has colour in a pipe where FORCE_COLOR asks for it', () => {
    expect(screenOf({ isTerminal: false }, { FORCE_COLOR: '1' }).palette).not.toBe(plainPalette);
    expect(screenOf(terminal, { FORCE_COLOR: '0' }).palette).toBe(plainPalette);
  });

  it('does not move on a dumb terminal or in CI', () => {
    expect(screenOf(terminal, { TERM: 'dumb' }).live).toBe(false);
    expect(screenOf(terminal, { CI: 'true' }).live).toBe(false);
  });

  it.each([
    [{}, unicodeSymbols],
    [{ LANG: 'de_DE.UTF-8' }, unicodeSymbols],
    [{ LC_ALL: 'C', LANG: 'de_DE.UTF-8' }, asciiSymbols],
    [{ TERM: 'linux' }, asciiSymbols],
  ])('draws with the characters its locale knows: %o', (env, symbols) => {
    expect(screenOf(terminal, env).symbols).toBe(symbols);
  });
});
