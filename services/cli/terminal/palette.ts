import { styleText } from 'node:util';

export type Ink = (text: string) => string;

/** The few inks of the command line. Meaning never hangs on colour alone: each has a word or a mark beside it. */
export interface Palette {
  readonly good: Ink;
  readonly bad: Ink;
  readonly busy: Ink;
  readonly warn: Ink;
  readonly quiet: Ink;
  readonly strong: Ink;
  /** Colours to tell names apart, by number. */
  readonly names: readonly Ink[];
}

const plain: Ink = (text) => text;

export const plainPalette: Palette = {
  good: plain,
  bad: plain,
  busy: plain,
  warn: plain,
  quiet: plain,
  strong: plain,
  names: [plain],
};

const ink =
  (...formats: Parameters<typeof styleText>[0][]): Ink =>
  (text) =>
    formats.reduce<string>(
      (styled, format) => styleText(format, styled, { validateStream: false }),
      text,
    );

export const colourPalette: Palette = {
  good: ink('green'),
  bad: ink('red'),
  busy: ink('cyan'),
  warn: ink('yellow'),
  quiet: ink('dim'),
  strong: ink('bold'),
  names: [
    ink('cyan'),
    ink('green'),
    ink('yellow'),
    ink('magenta'),
    ink('blue'),
    ink('cyanBright'),
    ink('greenBright'),
    ink('yellowBright'),
    ink('magentaBright'),
    ink('blueBright'),
  ],
};
